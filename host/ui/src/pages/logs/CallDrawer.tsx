import { Alert, SimpleGrid, Stack, Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Call, useCall } from "../../api/logs";
import { useStanding } from "../../api/session";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { Side } from "../../parts/Side";
import { Failed, Waiting } from "../../parts/States";
import { Cost } from "./Cost";
import { Decisions } from "./Decisions";
import { NoBody } from "./NoBody";
import { Sent } from "./Sent";
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
    [t("logs.provider"), of.custom_llm_provider ? `${of.custom_llm_provider}/${of.model}` : null],
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
      <Tabs defaultValue="cost" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="cost">{t("logs.cost")}</Tabs.Tab>
          {seesAll ? <Tabs.Tab value="why">{t("logs.why")}</Tabs.Tab> : null}
          <Tabs.Tab value="guardrails">{t("logs.decisions")}</Tabs.Tab>
          <Tabs.Tab value="request">{t("logs.request")}</Tabs.Tab>
          <Tabs.Tab value="sent">{t("logs.sent")}</Tabs.Tab>
          <Tabs.Tab value="response">{t("logs.response")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="cost">
          <Cost of={of} />
        </Tabs.Panel>
        <Tabs.Panel value="why">
          <Why id={of.request_id} />
        </Tabs.Panel>
        <Tabs.Panel value="guardrails">
          <Decisions of={of.metadata.guardrail_information ?? []} />
        </Tabs.Panel>
        <Tabs.Panel value="request">
          <Body of={of} body={of.proxy_server_request} />
        </Tabs.Panel>
        <Tabs.Panel value="sent">
          <Sent of={of} />
        </Tabs.Panel>
        <Tabs.Panel value="response">
          <Body of={of} body={of.response} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Body({ of, body }: { of: Call; body: unknown }) {
  const empty = body === null || body === undefined || (typeof body === "object" && Object.keys(body).length === 0);
  return empty ? <NoBody of={of} /> : <CopyField text={JSON.stringify(body, null, 2)} block />;
}
