import { BarChart } from "@mantine/charts";
import { Card, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Day, Span } from "../../api/usage";
import { useFormat } from "../../parts/format";
import { type Measure, MEASURES } from "../../parts/Measures";
import { type Group, stacked } from "../../parts/sums";

// Far enough apart for eyes that do not tell red from green.
const COLOURS = ["cyan.7", "orange.6", "grape.6", "lime.6", "indigo.5", "pink.5"];

/** Days as columns, with the groups that weigh most on top of each other. */
export function UsageChart({ days, span, part, rows, measure }: { days: Day[]; span: Span; part: keyof Day["breakdown"]; rows: Group[]; measure: Measure }) {
  const { t } = useTranslation();
  const { money, short, day } = useFormat();
  const shown = useMemo(() => rows.toSorted((a, b) => b.metrics[measure] - a.metrics[measure]).filter((it) => it.metrics[measure] > 0).slice(0, COLOURS.length), [rows, measure]);
  const data = useMemo(() => stacked(days, span, part, shown, measure).map((row) => ({ ...row, date: day(String(row.date)) })), [days, span, part, shown, measure, day]);
  const series = [...shown.map((group, at) => ({ name: `g${at}`, label: group.name || t("common.none"), color: COLOURS[at] ?? "gray.5" })), { name: "rest", label: t("usage.rest"), color: "gray.5" }];
  const title = `${t(`overview.${MEASURES[measure]}`)} · ${t("overview.byDay")}`;
  return (
    <Card>
      <Text fw={600} mb="md">
        {title}
      </Text>
      <BarChart h={300} type="stacked" data={data} dataKey="date" series={series} withLegend legendProps={{ verticalAlign: "bottom" }} valueFormatter={(value) => (measure === "spend" ? money(value) : short(value))} tickLine="none" gridAxis="x" maxBarWidth={48} yAxisProps={{ width: 72 }} />
    </Card>
  );
}
