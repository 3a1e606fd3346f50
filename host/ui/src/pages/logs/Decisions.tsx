import { Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Decision } from "../../api/logs";
import { CopyField } from "../../parts/CopyField";
import { useFormat } from "../../parts/format";
import { Tag } from "../../parts/Tag";

const COLOURS: Record<Decision["guardrail_status"], string> = { success: "teal", guardrail_intervened: "orange", guardrail_failed_to_respond: "red" };

/** What each guardrail made of a call. */
export function Decisions({ of }: { of: Decision[] }) {
  const { t } = useTranslation();
  const { duration } = useFormat();
  if (of.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("logs.noDecisions")}
      </Text>
    );
  }
  return (
    <Stack>
      {of.map((it, at) => (
        <Stack key={at} gap="xs">
          <Group gap="xs">
            <Text size="sm" fw={550}>
              {it.guardrail_name}
            </Text>
            <Tag>{it.guardrail_mode}</Tag>
            <Tag color={COLOURS[it.guardrail_status]}>{it.guardrail_code ? `${it.guardrail_decision}: ${it.guardrail_code}` : it.guardrail_decision}</Tag>
            <Text size="xs" c="dimmed">
              {`${it.guardrail_provider} · ${duration(it.duration * 1000)}`}
            </Text>
          </Group>
          {it.guardrail_response ? <CopyField text={JSON.stringify(it.guardrail_response, null, 2)} block /> : null}
        </Stack>
      ))}
    </Stack>
  );
}
