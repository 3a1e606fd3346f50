import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Call } from "../api/logs";
import { type UsageFilter, useLatestCalls } from "../api/usage";
import { useFormat } from "./format";
import { type Column, Rows } from "./Rows";
import { Empty } from "./States";
import { percentile } from "./sums";

interface Times {
  model: string;
  calls: number;
  took: number[];
  first: number[];
}

/** The times of calls by model, the most called first. */
export function timesOf(calls: Call[]): Times[] {
  const all = new Map<string, Times>();
  for (const call of calls) {
    const of = all.get(call.model_group) ?? { model: call.model_group, calls: 0, took: [], first: [] };
    of.calls += 1;
    of.took.push(call.request_duration_ms);
    if (call.completionStartTime) of.first.push(Math.max(Date.parse(call.completionStartTime) - Date.parse(call.startTime), 0));
    all.set(call.model_group, of);
  }
  return [...all.values()].sort((a, b) => b.calls - a.calls);
}

/** How long answers took. The gateway keeps no sums of times, so they are told from its latest calls. */
export function Latency({ filter }: { filter: UsageFilter }) {
  const { t } = useTranslation();
  const { duration, count } = useFormat();
  const source = useLatestCalls(filter);
  const at = (values: number[], share: number) => {
    const value = percentile(values, share);
    return value === null ? "—" : duration(value);
  };
  const columns: Column<Times>[] = [
    { title: t("usage.by_group"), show: (it) => <Text size="sm" fw={550}>{it.model}</Text> },
    { title: t("usage.calls"), number: true, show: (it) => count(it.calls) },
    { title: t("usage.median"), number: true, show: (it) => at(it.took, 0.5) },
    { title: t("usage.slowest"), number: true, show: (it) => at(it.took, 0.95) },
    { title: t("usage.firstMedian"), number: true, show: (it) => at(it.first, 0.5) },
    { title: t("usage.firstSlowest"), number: true, show: (it) => at(it.first, 0.95) },
  ];
  return (
    <Stack gap="xs">
      <div>
        <Text fw={600}>{t("usage.latency")}</Text>
        <Text size="sm" c="dimmed">
          {t("usage.latencyLead")}
        </Text>
      </div>
      <Rows name={t("usage.latency")} rows={source.data ? timesOf(source.data) : undefined} columns={columns} id={(it) => it.model} source={source} empty={<Empty title={t("overview.noCalls")} />} />
    </Stack>
  );
}
