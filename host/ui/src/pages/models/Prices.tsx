import { Alert, Button, Card, Group, NumberInput, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type PriceTable, usePriceTable, useReloadPrices, useSchedule, useSetSchedule } from "../../api/prices";
import { useStanding } from "../../api/session";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { useSaid } from "../../parts/said";
import { Failed, Waiting } from "../../parts/States";
import { CostForm } from "./CostForm";

/** Where prices come from, and what is put on or taken off. */
export function Prices() {
  const { data, error, isPending, refetch } = usePriceTable();
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (isPending) return <Waiting />;
  return (
    <Stack>
      <Table of={data} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <CostForm kind="cost_discount_config" />
        <CostForm kind="cost_margin_config" />
      </SimpleGrid>
    </Stack>
  );
}

function Table({ of }: { of: PriceTable }) {
  const { t } = useTranslation();
  const { count, time } = useFormat();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const reload = useReloadPrices();
  const fetchNow = () => void reload.mutateAsync(undefined).then((it) => done(t("models.reloaded", { count: it.models_count })), failed);
  return (
    <Card>
      <Stack>
        <Group justify="space-between">
          <Text fw={600}>{t("models.table")}</Text>
          {admin ? (
            <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={reload.isPending} onClick={fetchNow}>
              {t("models.reload")}
            </Button>
          ) : null}
        </Group>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <Fact name={t("models.tableVersion")} value={of.version} />
          <Fact name={t("models.tableModels")} value={count(of.model_count)} />
          <Fact name={t("models.tableFrom")} value={of.file ?? of.url ?? t(`models.source_${of.source}`)} />
          <Fact name={t("models.fetched")} value={of.fetched_at ? time(of.fetched_at) : "—"} />
        </SimpleGrid>
        {of.fallback_reason ? (
          <Alert color="orange" title={t("models.failure")}>
            {of.fallback_reason}
          </Alert>
        ) : null}
        <ScheduleLine />
      </Stack>
    </Card>
  );
}

function ScheduleLine() {
  const { t } = useTranslation();
  const { time } = useFormat();
  const { admin } = useStanding();
  const { failed } = useSaid();
  const { data } = useSchedule();
  const set = useSetSchedule();
  const [hours, setHours] = useState<number | string>(24);
  const now = data?.scheduled ? `${t("models.scheduled", { hours: data.interval_hours })}${data.next_run ? ` · ${t("models.nextRun")}: ${time(data.next_run)}` : ""}` : t("models.notScheduled");
  return (
    <Group align="flex-start">
      <NumberInput label={t("models.schedule")} description={now} min={1} max={8784} allowDecimal={false} value={hours} onChange={setHours} disabled={!admin} error={set.error?.message} />
      {admin ? (
        <>
          <Button variant="default" mt={25} loading={set.isPending} onClick={() => set.mutate(Number(hours))}>
            {t("common.save")}
          </Button>
          {data?.scheduled ? (
            <Button variant="subtle" mt={25} onClick={() => void set.mutateAsync(null).catch(failed)}>
              {t("models.stop")}
            </Button>
          ) : null}
        </>
      ) : null}
    </Group>
  );
}
