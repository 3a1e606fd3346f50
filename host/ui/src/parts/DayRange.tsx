import "dayjs/locale/zh-cn";

import { Group, SegmentedControl } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import { useTranslation } from "react-i18next";

import type { Span } from "../api/usage";
import { daysBack } from "./sums";

const SPANS = ["7", "30", "90"] as const;

/** The last days, or any days. */
export function DayRange({ value, onChange }: { value: Span; onChange: (it: Span) => void }) {
  const { t, i18n } = useTranslation();
  const current = SPANS.find((days) => value.end === daysBack(1) && value.start === daysBack(Number(days)));
  const pick = ([start, end]: [string | null, string | null]) => {
    if (start && end) onChange({ start, end });
  };
  return (
    <Group gap="sm">
      <SegmentedControl aria-label={t("usage.days")} value={current ?? ""} onChange={(days) => onChange({ start: daysBack(Number(days)), end: daysBack(1) })} data={SPANS.map((days) => ({ value: days, label: t(`overview.range${days}`) }))} />
      {/* Keyed by its value: a range that was begun and not ended is forgotten when another is chosen. */}
      <DatePickerInput key={`${value.start}${value.end}`} type="range" allowSingleDateInRange aria-label={`${t("usage.days")}: ${value.start} – ${value.end}`} defaultValue={[value.start, value.end]} onChange={pick} locale={i18n.language === "zh" ? "zh-cn" : "en"} valueFormat="YYYY-MM-DD" maxDate={daysBack(1)} popoverProps={{ position: "bottom-end" }} />
    </Group>
  );
}
