import { BarChart } from "@mantine/charts";
import { Button, Card, Group, SegmentedControl, SimpleGrid, Stack, Tabs, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { path } from "../../api/client";
import { type Day, everyDay, type Metrics, parts, sum, useActivity } from "../../api/usage";
import { useFormat } from "../../parts/format";
import { Page } from "../../parts/Page";
import { Empty, Failed, Waiting } from "../../parts/States";
import { Shares } from "./Shares";

const MEASURES = { spend: "spend", api_requests: "requests", total_tokens: "tokens", failed_requests: "failures" } as const;
type Measure = keyof typeof MEASURES;

const KINDS: Record<keyof Day["breakdown"], "models" | "providers" | "keys" | "endpoints"> = { models: "models", providers: "providers", api_keys: "keys", endpoints: "endpoints" };

function daysBack(days: number): string {
  return new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
}

/** What went through the gateway, by day and by what it went to. */
export function Overview() {
  const { t } = useTranslation();
  const { money, count, short, day, percent } = useFormat();
  const [range, setRange] = useState("7");
  const [measure, setMeasure] = useState<Measure>("spend");
  const [start, end] = [daysBack(Number(range)), daysBack(1)];
  const { data, error, isPending, refetch } = useActivity(start, end);
  const total = useMemo(() => sum((data ?? []).map((it) => it.metrics)), [data]);
  const chart = useMemo(() => everyDay(data ?? [], start, end).map(({ date, metrics }) => ({ date: day(date), value: metrics[measure] })), [data, start, end, measure, day]);
  const written = (it: Metrics, name: Measure) => (name === "spend" ? money(it.spend) : count(it[name]));

  return (
    <Page
      title={t("overview.title")}
      lead={t("overview.lead")}
      actions={
        <>
          <SegmentedControl value={range} onChange={setRange} data={["7", "30", "90"].map((value) => ({ value, label: t(`overview.range${value as "7" | "30" | "90"}`) }))} />
          <Button component="a" href={path("/user/daily/activity", { start_date: start, end_date: end, format: "csv" })} download variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
            {t("common.export")}
          </Button>
        </>
      }
    >
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        {(Object.keys(MEASURES) as Measure[]).map((name) => (
          <Card key={name} component="button" type="button" onClick={() => setMeasure(name)} aria-pressed={measure === name} ta="left" style={{ cursor: "pointer", borderColor: measure === name ? "var(--mantine-primary-color-filled)" : undefined }}>
            <Text size="sm" c="dimmed">
              {t(`overview.${MEASURES[name]}`)}
            </Text>
            <Text fz={28} fw={650} className="number">
              {isPending ? "…" : name === "total_tokens" ? short(total.total_tokens) : written(total, name)}
            </Text>
            <Text size="xs" c="dimmed" className="number">
              {name === "failed_requests" && total.api_requests > 0 ? `${percent(total.successful_requests / total.api_requests)} ${t("overview.successRate")}` : "\u00a0"}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Card>
        <Group justify="space-between" mb="md">
          <Text fw={600}>{`${t(`overview.${MEASURES[measure]}`)} · ${t("overview.byDay")}`}</Text>
        </Group>
        {isPending && !error ? (
          <Waiting rows={1} height={260} />
        ) : (
          <BarChart h={260} data={chart} dataKey="date" series={[{ name: "value", label: t(`overview.${MEASURES[measure]}`), color: measure === "failed_requests" ? "red.6" : "cyan.7" }]} valueFormatter={(value) => (measure === "spend" ? money(value) : short(value))} tickLine="none" gridAxis="x" maxBarWidth={48} yAxisProps={{ width: 72 }} />
        )}
      </Card>
      {data && total.api_requests === 0 ? (
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
      {data && total.api_requests > 0 ? (
        <Card>
          <Tabs defaultValue="models" keepMounted={false}>
            <Tabs.List mb="md">
              {(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => (
                <Tabs.Tab key={kind} value={kind}>
                  {t(`overview.${KINDS[kind]}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => (
              <Tabs.Panel key={kind} value={kind}>
                <Stack>
                  <Shares rows={parts(data, kind)} title={t(`overview.${KINDS[kind]}`)} total={total} />
                </Stack>
              </Tabs.Panel>
            ))}
          </Tabs>
        </Card>
      ) : null}
    </Page>
  );
}
