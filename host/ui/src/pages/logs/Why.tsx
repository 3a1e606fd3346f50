import { Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/client";
import { useDecision } from "../../api/logs";
import { Failed, Waiting } from "../../parts/States";
import { Tag } from "../../parts/Tag";

/** The attempts of a call one after the other: which deployments could have answered, why this one was asked, and what came of it. */
export function Why({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useDecision(id);
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Text size="sm" c="dimmed">
        {t("logs.whyGone")}
      </Text>
    );
  }
  if (error) return <Failed error={error} />;
  if (isPending) return <Waiting rows={2} />;
  return (
    <Stack>
      {data.choices.map((choice, at) => (
        <Stack key={at} gap="xs" role="group" aria-label={t("logs.attempt", { number: at + 1 })}>
          <Group gap="xs">
            <Text size="sm" fw={550}>
              {t("logs.attempt", { number: at + 1 })}
            </Text>
            <Ended outcome={choice.outcome} />
            <Text size="sm">{`${choice.model_group} · ${choice.strategy}`}</Text>
          </Group>
          <Text size="xs" c="dimmed">
            {t("logs.candidates")}
          </Text>
          {choice.candidates.map((candidate) => (
            <Group key={candidate.model_id} gap="xs">
              <Text size="sm">{candidate.model}</Text>
              <Text size="xs" c="dimmed" ff="monospace">
                {candidate.model_id.slice(0, 12)}
              </Text>
              {candidate.model_id === choice.chosen ? (
                <Tag color="teal">
                  {t("logs.chosen")}
                </Tag>
              ) : null}
            </Group>
          ))}
          {choice.ruled_out.length > 0 ? (
            <>
              <Text size="xs" c="dimmed">
                {t("logs.ruledOut")}
              </Text>
              {choice.ruled_out.map((candidate) => (
                <Group key={candidate.model_id} gap="xs">
                  <Text size="sm">{candidate.model ?? candidate.model_id.slice(0, 12)}</Text>
                  <Tag color="orange">
                    {candidate.reason}
                  </Tag>
                </Group>
              ))}
            </>
          ) : null}
        </Stack>
      ))}
    </Stack>
  );
}

/** What came of an attempt. */
function Ended({ outcome }: { outcome: string | null }) {
  const { t } = useTranslation();
  if (outcome === null) return <Tag>{t("logs.attemptOpen")}</Tag>;
  return outcome === "ok" ? <Tag color="teal">{t("logs.success")}</Tag> : <Tag color="red">{t("logs.attemptFailed", { kind: outcome })}</Tag>;
}
