import { Alert, SimpleGrid, Stack, Tabs, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Attempt, type Call, useCall } from "../../api/logs";
import { useStanding } from "../../api/session";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { Side } from "../../parts/Side";
import { Empty, Failed, Waiting } from "../../parts/States";
import { Why } from "./Why";

/** One call in full. */
export function CallDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useCall(id);
  return (
    <Side opened={id !== null} onClose={onClose} size="xl" title={t("logs.callId")}>
      {error ? <Failed error={error} /> : null}
      {isPending && !error ? <Waiting /> : null}
      {data ? <Whole of={data} /> : null}
    </Side>
  );
}

function Whole({ of }: { of: Call }) {
  const { t } = useTranslation();
  const { money, count, duration, time } = useFormat();
  const { seesAll } = useStanding();
  const error = of.metadata.error_information;
  const facts: [string, string | null | undefined][] = [
    [t("logs.time"), time(of.startTime)],
    [t("logs.duration"), duration(of.request_duration_ms)],
    [t("logs.firstToken"), of.completionStartTime ? duration(Date.parse(of.completionStartTime) - Date.parse(of.startTime)) : null],
    [t("logs.operation"), of.call_type],
    [t("logs.model"), of.model_group],
    [t("logs.provider"), `${of.custom_llm_provider}/${of.model}`],
    [t("logs.tokens"), `${count(of.prompt_tokens)} + ${count(of.completion_tokens)}`],
    [t("logs.spend"), money(of.spend)],
    [t("logs.priceVersion"), of.metadata.price_version],
    [t("logs.key"), of.metadata.user_api_key_alias],
    [t("logs.user"), of.user],
    [t("logs.endUser"), of.end_user],
    [t("logs.session"), of.session_id],
    [t("logs.address"), of.requester_ip_address],
    [t("logs.tags"), of.request_tags.join(", ")],
  ];
  return (
    <Stack>
      <CopyField text={of.request_id} />
      {error?.error_message ? (
        <Alert color="red" title={`${t("logs.error")} ${error.error_code ?? ""}`}>
          {error.error_message}
        </Alert>
      ) : null}
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
      </SimpleGrid>
      <Tabs defaultValue="attempts" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="attempts">{t("logs.attempts")}</Tabs.Tab>
          {seesAll ? <Tabs.Tab value="why">{t("logs.why")}</Tabs.Tab> : null}
          <Tabs.Tab value="request">{t("logs.request")}</Tabs.Tab>
          <Tabs.Tab value="response">{t("logs.response")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="attempts">
          <Attempts of={of.metadata.attempts ?? []} />
        </Tabs.Panel>
        <Tabs.Panel value="why">
          <Why id={of.request_id} />
        </Tabs.Panel>
        <Tabs.Panel value="request">
          <Body of={of.proxy_server_request} />
        </Tabs.Panel>
        <Tabs.Panel value="response">
          <Body of={of.response} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Attempts({ of }: { of: Attempt[] }) {
  const { t } = useTranslation();
  const { money } = useFormat();
  const columns: Column<Attempt>[] = [
    { title: t("logs.model"), show: (it) => `${it.custom_llm_provider}/${it.model}` },
    { title: t("logs.cost"), number: true, show: (it) => money(it.spend) },
  ];
  // One deployment may have been asked twice.
  const rows = of.map((it, at) => ({ ...it, at }));
  return <Rows name={t("logs.attempts")} rows={rows} columns={columns} id={(it) => String(it.at)} empty={<Empty title={t("logs.noAttempts")} />} wide="narrow" />;
}

function Body({ of }: { of: unknown }) {
  const { t } = useTranslation();
  const empty = of === null || of === undefined || (typeof of === "object" && Object.keys(of).length === 0);
  return empty ? (
    <Text size="sm" c="dimmed">
      {t("logs.notStored")}
    </Text>
  ) : (
    <CopyField text={JSON.stringify(of, null, 2)} block />
  );
}
