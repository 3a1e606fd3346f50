import { Button, Group, Select, Switch, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Call, type Filter, MASTER_KEY, useCalls } from "../../api/logs";
import { useModelNames } from "../../api/lookups";
import { Filters } from "../../parts/Filters";
import { useFormat } from "../../parts/format";
import { Page } from "../../parts/Page";
import { type Column, Rows } from "../../parts/Rows";
import { SearchField } from "../../parts/SearchField";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { CallDrawer } from "./CallDrawer";

const RANGES = { "1": "range1", "7": "range7", "30": "range30" } as const;

function day(offset: number): string {
  return new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
}

/** One row a call, the latest first. */
export function Logs() {
  const { t } = useTranslation();
  const { money, count, duration, time } = useFormat();
  const [range, setRange] = useState<string | null>("1");
  const [status, setStatus] = useState<string | null>("");
  const [model, setModel] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 400);
  const [live, setLive] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const filter = useMemo<Filter>(() => ({ start: day(1 - Number(range ?? 1)), end: day(1), status: status ?? "", search, model: model ?? "" }), [range, status, search, model]);
  const source = useCalls(filter, live);
  const { data: models } = useModelNames();
  const columns: Column<Call>[] = [
    {
      title: t("logs.time"),
      show: (call) => (
        <Button variant="transparent" size="compact-sm" px={0} className="number" onClick={() => setOpened(call.request_id)}>
          {time(call.startTime)}
        </Button>
      ),
    },
    { title: t("logs.status"), show: (call) => <Outcome of={call} /> },
    {
      title: t("logs.model"),
      show: (call) => (
        <>
          <Text size="sm">{call.model_group || call.model}</Text>
          <Text size="xs" c="dimmed">
            {call.custom_llm_provider}
          </Text>
        </>
      ),
    },
    {
      title: t("logs.key"),
      show: (call) => (
        <Text size="sm" truncate maw={180}>
          {call.metadata.user_api_key_alias || (call.api_key === MASTER_KEY ? t("logs.masterKey") : call.api_key.slice(0, 12))}
        </Text>
      ),
    },
    { title: t("logs.tokens"), number: true, show: (call) => count(call.total_tokens) },
    { title: t("logs.spend"), number: true, show: (call) => money(call.spend) },
    { title: t("logs.duration"), number: true, show: (call) => duration(call.request_duration_ms) },
  ];
  return (
    <Page title={t("logs.title")} lead={t("logs.lead")} actions={<Switch label={t("logs.live")} checked={live} onChange={(event) => setLive(event.currentTarget.checked)} />}>
      <CallDrawer id={opened} onClose={() => setOpened(null)} />
      <Filters>
        <Select aria-label={t("logs.time")} w={130} allowDeselect={false} value={range} onChange={setRange} data={Object.entries(RANGES).map(([value, name]) => ({ value, label: t(`logs.${name}`) }))} />
        <Select aria-label={t("logs.status")} w={150} allowDeselect={false} value={status} onChange={setStatus} data={[{ value: "", label: t("logs.all") }, ...(["success", "failure"] as const).map((value) => ({ value, label: t(`logs.${value}`) }))]} />
        <Select aria-label={t("logs.model")} placeholder={t("logs.model")} w={200} clearable searchable value={model} onChange={setModel} data={models ?? []} />
        <SearchField value={typed} onChange={setTyped} label={t("logs.find")} />
      </Filters>
      <Rows name={t("logs.title")} rows={source.data?.pages.flatMap((page) => page.data)} columns={columns} id={(call) => call.request_id} source={source} empty={<Empty title={t("logs.noCalls")} hint={t("logs.noCallsHint")} />} wide="wide" />
    </Page>
  );
}

export function Outcome({ of }: { of: Call }) {
  const { t } = useTranslation();
  const [name, colour] = of.status === "success" ? (["success", "teal"] as const) : of.status === "interrupted" ? (["interrupted", "orange"] as const) : (["failure", "red"] as const);
  return (
    <Group gap={4} wrap="nowrap">
      <Tag color={colour}>
        {t(`logs.${name}`)}
      </Tag>
      {of.cache_hit === "True" ? (
        <Tag color="gray">
          {t("logs.cacheHit")}
        </Tag>
      ) : null}
    </Group>
  );
}
