import { useTranslation } from "react-i18next";

/** Numbers and times as the language writes them. */
export function useFormat() {
  const { i18n, t } = useTranslation();
  const language = i18n.language === "zh" ? "zh-CN" : "en";
  const money = (dollars: number | null | undefined) => {
    if (dollars === null || dollars === undefined) return t("common.unknownPrice");
    // Small amounts keep three figures that say something.
    const small = dollars !== 0 && Math.abs(dollars) < 0.1;
    return new Intl.NumberFormat(language, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", ...(small ? { maximumSignificantDigits: 3 } : {}) }).format(dollars);
  };
  const count = (number: number) => new Intl.NumberFormat(language).format(number);
  const short = (number: number) => new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 }).format(number);
  const percent = (share: number) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(share);
  const time = (text: string | number) => new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(new Date(text));
  const day = (text: string) => new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(text));
  const date = (text: string) => new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(text));
  const bytes = (number: number) => new Intl.NumberFormat(language, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(number / 1_048_576);
  const duration = (ms: number) =>
    ms < 1000
      ? new Intl.NumberFormat(language, { style: "unit", unit: "millisecond", maximumFractionDigits: ms < 10 ? 2 : 0 }).format(ms)
      : new Intl.NumberFormat(language, { style: "unit", unit: "second", maximumFractionDigits: 1 }).format(ms / 1000);
  return { money, count, short, percent, time, day, date, bytes, duration };
}
