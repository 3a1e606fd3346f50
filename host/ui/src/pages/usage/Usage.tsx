import { Alert, Select } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { useModelNames } from "../../api/lookups";
import { useStanding } from "../../api/session";
import { activityFile, type Span, useActivity } from "../../api/usage";
import { CsvButton } from "../../parts/CsvButton";
import { DayRange } from "../../parts/DayRange";
import { Filters } from "../../parts/Filters";
import { Latency } from "../../parts/Latency";
import { type Measure, Measures } from "../../parts/Measures";
import { Page } from "../../parts/Page";
import { Failed, Waiting } from "../../parts/States";
import { daysBack, groups, sum } from "../../parts/sums";
import { KINDS, type KindName } from "./kinds";
import { UsageChart } from "./UsageChart";
import { UsageTable } from "./UsageTable";

/** Requests, spend, tokens, times and errors, by day and by whatever they were of. */
export function Usage() {
  const { t } = useTranslation();
  const { seesAll } = useStanding();
  const { data: models } = useModelNames();
  const [span, setSpan] = useState<Span>({ start: daysBack(30), end: daysBack(1) });
  const [kind, setKind] = useState<KindName>("model");
  const [model, setModel] = useState<string | null>(null);
  const [measure, setMeasure] = useState<Measure>("spend");
  const { holder, part } = KINDS[kind];
  const filter = { ...span, holder, model };
  const { data, error, isPending, refetch } = useActivity(filter);
  const days = data?.days;
  const total = useMemo(() => (days ? sum(days.map((it) => it.metrics)) : null), [days]);
  const rows = useMemo(() => groups(days ?? [], part), [days, part]);
  const kinds = (Object.keys(KINDS) as KindName[]).filter((name) => seesAll || KINDS[name].who === "all");
  return (
    <Page title={t("usage.title")} lead={t("usage.lead")} actions={<CsvButton where={activityFile(filter)} name={`usage-${holder}-${span.start}-${span.end}.csv`} />}>
      <Filters>
        <DayRange value={span} onChange={setSpan} />
        <Select aria-label={t("usage.by")} value={kind} onChange={(it) => it && setKind(it as KindName)} allowDeselect={false} data={kinds.map((value) => ({ value, label: t(`usage.by_${value}`) }))} />
        <Select aria-label={t("usage.onlyModel")} placeholder={t("usage.onlyModel")} clearable searchable value={model} onChange={setModel} data={[...new Set([...(models ?? []), ...(kind === "model" ? rows.map((it) => it.name) : [])])]} />
      </Filters>
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {data?.truncated ? <Alert color="orange">{t("usage.truncated")}</Alert> : null}
      <Measures total={total} pressed={measure} onPress={setMeasure} />
      {isPending && !error ? <Waiting rows={1} height={300} /> : null}
      {days && total ? (
        <>
          <UsageChart days={days} span={span} part={part} rows={rows} measure={measure} />
          <UsageTable name={t(`usage.by_${kind}`)} rows={rows} total={total} />
        </>
      ) : null}
      <Latency filter={filter} />
    </Page>
  );
}
