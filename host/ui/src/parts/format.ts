import { useMemo } from "react";
import { useTranslation } from "react-i18next";

export interface Format {
  /** Dollars. */
  money: (dollars: number | null | undefined) => string;
  /** Dollars for a million tokens, of dollars for one. */
  perMillion: (dollars: number | null | undefined) => string;
  count: (number: number) => string;
  short: (number: number) => string;
  /** Of a share, 1 being all. */
  percent: (share: number) => string;
  time: (text: string | number) => string;
  day: (text: string) => string;
  date: (text: string) => string;
  /** Megabytes of bytes. */
  bytes: (number: number) => string;
  /** Of milliseconds. */
  duration: (ms: number) => string;
}

/** Numbers and times as a language writes them. */
export function formatOf(language: string, unknown: string): Format {
  const number = (options?: Intl.NumberFormatOptions) => {
    const made = new Intl.NumberFormat(language, options);
    return (it: number) => made.format(it);
  };
  const date = (options: Intl.DateTimeFormatOptions) => {
    const made = new Intl.DateTimeFormat(language, options);
    return (it: string | number) => made.format(new Date(it));
  };
  const dollars = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" } as const;
  const [whole, small] = [number(dollars), number({ ...dollars, maximumSignificantDigits: 3 })];
  const money = (it: number | null | undefined) => {
    if (it === null || it === undefined) return unknown;
    // Small amounts keep three figures that say something.
    return it !== 0 && Math.abs(it) < 0.1 ? small(it) : whole(it);
  };
  const [fine, plain, seconds] = [number({ style: "unit", unit: "millisecond", maximumFractionDigits: 2 }), number({ style: "unit", unit: "millisecond", maximumFractionDigits: 0 }), number({ style: "unit", unit: "second", maximumFractionDigits: 1 })];
  const megabytes = number({ style: "unit", unit: "megabyte", maximumFractionDigits: 1 });
  return {
    money,
    perMillion: (it) => money(it === null || it === undefined ? it : Number((it * 1_000_000).toPrecision(12))),
    count: number(),
    short: number({ notation: "compact", maximumFractionDigits: 1 }),
    percent: number({ style: "percent", maximumFractionDigits: 1 }),
    time: date({ dateStyle: "short", timeStyle: "medium" }),
    day: date({ month: "short", day: "numeric", timeZone: "UTC" }),
    date: date({ dateStyle: "medium" }),
    bytes: (it) => megabytes(it / 1_048_576),
    duration: (ms) => (ms >= 1000 ? seconds(ms / 1000) : ms < 10 ? fine(ms) : plain(ms)),
  };
}

/** Numbers and times as the chosen language writes them. */
export function useFormat(): Format {
  const { i18n, t } = useTranslation();
  const language = i18n.language === "zh" ? "zh-CN" : "en";
  return useMemo(() => formatOf(language, t("common.unknownPrice")), [language, t]);
}
