import { BarChart } from "@mantine/charts";
import { Button, Card, SegmentedControl, Tabs, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { activityFile, useActivity } from "../../api/usage";
import { CsvButton } from "../../parts/CsvButton";
import { useFormat } from "../../parts/format";
import { Latency } from "../../parts/Latency";
import { type Measure, MEASURES, Measures } from "../../parts/Measures";
import { Page } from "../../parts/Page";
import { Empty, Failed, Waiting } from "../../parts/States";
import { daysBack, everyDay, groups, sum } from "../../parts/sums";
import { Shares } from "./Shares";

const KINDS = { models: "models", providers: "providers", api_keys: "keys", endpoints: "endpoints" } as const;
type Kind = keyof typeof KINDS;

/** What went through the gateway, by day and by what it went to. */
export function Overview() {
  const { t } = useTranslation();
  const { money, short, day } = useFormat();
  const [range, setRange] = useState("7");
  const [measure, setMeasure] = useState<Measure>("spend");
  const filter = { start: daysBack(Number(range)), end: daysBack(1), holder: "user" } as const;
  const { start, end } = filter;
  const { data, error, isPending, refetch } = useActivity(filter);
  const days = data?.days;
  const total = useMemo(() => (days ? sum(days.map((it) => it.metrics)) : null), [days]);
  const chart = useMemo(() => {
    const known = new Map((days ?? []).map((it) => [it.date, it.metrics[measure]]));
    return everyDay({ start, end }, (date) => ({ date: day(date), value: known.get(date) ?? 0 }));
  }, [days, start, end, measure, day]);
  const label = t(`overview.${MEASURES[measure]}`);
  return (
    <Page
      title={t("overview.title")}
      lead={t("overview.lead")}
      actions={
        <>
          <SegmentedControl aria-label={t("usage.days")} value={range} onChange={setRange} data={["7", "30", "90"].map((value) => ({ value, label: t(`overview.range${value as "7" | "30" | "90"}`) }))} />
          <CsvButton where={activityFile(filter)} name={`usage-${start}-${end}.csv`} />
        </>
      }
    >
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      <Measures total={total} pressed={measure} onPress={setMeasure} />
      <Card>
        <Text fw={600} mb="md">{`${label} · ${t("overview.byDay")}`}</Text>
        {isPending && !error ? <Waiting rows={1} height={260} /> : <BarChart h={260} data={chart} dataKey="date" series={[{ name: "value", label, color: measure === "failed_requests" ? "red.6" : "cyan.7" }]} valueFormatter={(value) => (measure === "spend" ? money(value) : short(value))} tickLine="none" gridAxis="x" maxBarWidth={48} yAxisProps={{ width: 72 }} />}
      </Card>
      {total?.api_requests === 0 ? (
        <Card>
          <Empty
            title={t("overview.noCalls")}
            hint={t("overview.noCallsHint")}
            action={
              <Button component={Link} to="/keys">
                {t("overview.makeKey")}
              </Button>
            }
          />
        </Card>
      ) : null}
      {days && total && total.api_requests > 0 ? (
        <Card>
          <Tabs defaultValue="models" keepMounted={false}>
            <Tabs.List mb="md">
              {(Object.keys(KINDS) as Kind[]).map((kind) => (
                <Tabs.Tab key={kind} value={kind}>
                  {t(`overview.${KINDS[kind]}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {(Object.keys(KINDS) as Kind[]).map((kind) => (
              <Tabs.Panel key={kind} value={kind}>
                <Shares rows={groups(days, kind)} title={t(`overview.${KINDS[kind]}`)} total={total} />
              </Tabs.Panel>
            ))}
          </Tabs>
        </Card>
      ) : null}
      {total && total.api_requests > 0 ? <Latency filter={filter} /> : null}
    </Page>
  );
}
