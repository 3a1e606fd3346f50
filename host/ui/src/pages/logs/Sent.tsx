import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Call, callType, usePreview } from "../../api/logs";
import { CopyField } from "../../parts/CopyField";
import { Failed, Waiting } from "../../parts/States";
import { NoBody } from "./NoBody";

/** The request of a call as its provider gets it, translated anew: nothing is sent, and nothing was kept. */
export function Sent({ of }: { of: Call }) {
  const { t } = useTranslation();
  const kind = callType(of.call_type);
  const request = of.proxy_server_request;
  const known = kind !== null && typeof request === "object" && request !== null && "model" in request;
  const { data, error, isPending } = usePreview(of.request_id, kind, known ? request : null);
  if (kind === null) {
    return (
      <Text size="sm" c="dimmed">
        {t("logs.noPreview")}
      </Text>
    );
  }
  if (!known) return <NoBody of={of} />;
  if (error) return <Failed error={error} />;
  if (isPending) return <Waiting rows={2} />;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {t("logs.sentLead")}
      </Text>
      {data.error ? <Text size="sm">{t("logs.sentNothing")}</Text> : null}
      {data.raw_request_api_base ? <CopyField text={data.raw_request_api_base} /> : null}
      {Object.keys(data.raw_request_headers).length > 0 ? <CopyField text={Object.entries(data.raw_request_headers).map((it) => it.join(": ")).join("\n")} block /> : null}
      {data.raw_request_body === null ? null : <CopyField text={typeof data.raw_request_body === "string" ? data.raw_request_body : JSON.stringify(data.raw_request_body, null, 2)} block />}
    </Stack>
  );
}
