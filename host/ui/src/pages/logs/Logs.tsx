import { Badge, Button, Card, Group, Select, Switch, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Call, type Filter, useCalls } from "../../api/logs";
import { useModelNames } from "../../api/lookups";
import { useFormat } from "../../parts/format";
import { Page } from "../../parts/Page";
import { Empty, Failed, Waiting } from "../../parts/States";
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
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useCalls(filter, live);
  const { data: models } = useModelNames();
  const calls = data?.pages.flatMap((page) => page.data);
  return (
    <Page title={t("logs.title")} lead={t("logs.lead")} actions={<Switch label={t("logs.live")} checked={live} onChange={(event) => setLive(event.currentTarget.checked)} />}>
      <CallDrawer id={opened} onClose={() => setOpened(null)} />
      <Group>
        <Select aria-label={t("logs.time")} w={130} allowDeselect={false} value={range} onChange={setRange} data={Object.entries(RANGES).map(([value, name]) => ({ value, label: t(`logs.${name}`) }))} />
        <Select aria-label={t("logs.status")} w={150} allowDeselect={false} value={status} onChange={setStatus} data={[{ value: "", label: t("logs.all") }, ...(["success", "failure"] as const).map((value) => ({ value, label: t(`logs.${value}`) }))]} />
        <Select aria-label={t("logs.model")} placeholder={t("logs.model")} w={200} clearable searchable value={model} onChange={setModel} data={models ?? []} />
        <TextInput aria-label={t("logs.find")} placeholder={t("logs.find")} w={260} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} leftSection={<IconSearch size={16} aria-hidden />} />
      </Group>
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      <Card p={0}>
        {isPending && !error ? <Card.Section p="lg"><Waiting rows={8} /></Card.Section> : null}
        {calls?.length === 0 ? <Empty title={t("logs.noCalls")} hint={t("logs.noCallsHint")} /> : null}
        {calls && calls.length > 0 ? (
          <Table.ScrollContainer minWidth={900}>
            <Table horizontalSpacing="md" verticalSpacing={8}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("logs.time")}</Table.Th>
                  <Table.Th>{t("logs.status")}</Table.Th>
                  <Table.Th>{t("logs.model")}</Table.Th>
                  <Table.Th>{t("logs.key")}</Table.Th>
                  <Table.Th ta="right">{t("logs.tokens")}</Table.Th>
                  <Table.Th ta="right">{t("logs.spend")}</Table.Th>
                  <Table.Th ta="right">{t("logs.duration")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {calls.map((call) => (
                  <Table.Tr key={call.request_id}>
                    <Table.Td>
                      <Button variant="transparent" size="compact-sm" px={0} className="number" onClick={() => setOpened(call.request_id)}>
                        {time(call.startTime)}
                      </Button>
                    </Table.Td>
                    <Table.Td>
                      <Outcome of={call} />
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{call.model_group || call.model}</Text>
                      <Text size="xs" c="dimmed">
                        {call.custom_llm_provider}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm" truncate maw={180}>
                        {call.metadata.user_api_key_alias || call.api_key.slice(0, 12)}
                      </Text>
                    </Table.Td>
                    <Table.Td ta="right" className="number">
                      {count(call.total_tokens)}
                    </Table.Td>
                    <Table.Td ta="right" className="number">
                      {money(call.spend)}
                    </Table.Td>
                    <Table.Td ta="right" className="number">
                      {duration(call.request_duration_ms)}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        ) : null}
      </Card>
      {hasNextPage ? (
        <Group justify="center">
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("common.more")}
          </Button>
        </Group>
      ) : null}
    </Page>
  );
}

export function Outcome({ of }: { of: Call }) {
  const { t } = useTranslation();
  const [name, colour] = of.status === "success" ? (["success", "teal"] as const) : of.status === "interrupted" ? (["interrupted", "orange"] as const) : (["failure", "red"] as const);
  return (
    <Group gap={4} wrap="nowrap">
      <Badge variant="light" tt="none" color={colour}>
        {t(`logs.${name}`)}
      </Badge>
      {of.cache_hit === "True" ? (
        <Badge variant="outline" tt="none" color="gray">
          {t("logs.cacheHit")}
        </Badge>
      ) : null}
    </Group>
  );
}
