import { Card, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Grant, Hook, Provider } from "../../api/plugins";
import { Tag } from "../../parts/Tag";

interface Held {
  providers?: Provider[];
  guardrails?: Hook[];
  callbacks?: Hook[];
}

/** What a component is for, what it asks for, and what of that it is granted. */
export function Capabilities({ of }: { of: Held }) {
  const { t } = useTranslation();
  return (
    <>
      {of.providers?.length ? <Text fw={600}>{t("plugins.providers")}</Text> : null}
      {of.providers?.map((it) => (
        <Capability key={it.name} title={it.title || it.name} asks={it.asks} granted={it.granted} words={it.operations} mark={<Tag color={it.verified ? "teal" : "gray"}>{it.verified ? t("plugins.verified") : t("plugins.unverified")}</Tag>} />
      ))}
      {of.guardrails?.length ? <Text fw={600}>{t("guardrails.guardrails")}</Text> : null}
      {of.guardrails?.map((it) => (
        <Capability key={it.name} title={it.title || it.name} asks={it.asks} granted={it.granted} words={[...(it.stages?.length ? it.stages : [t("plugins.allStages")]), ...(it.needs ?? []).map((what) => t("plugins.needs", { what }))]} mark={it.looks_at_streams ? <Tag color="teal">{t("plugins.looksAtStreams")}</Tag> : null} />
      ))}
      {of.callbacks?.length ? <Text fw={600}>{t("guardrails.callbacks")}</Text> : null}
      {of.callbacks?.map((it) => (
        <Capability key={it.name} title={it.title || it.name} asks={it.asks} granted={it.granted} words={it.max_batch ? [t("plugins.maxBatch", { records: it.max_batch })] : []} />
      ))}
    </>
  );
}

function Capability({ title, asks, granted, words, mark }: { title: string; asks: Grant; granted: Grant; words: string[]; mark?: ReactNode }) {
  const { t } = useTranslation();
  const base = typeof asks.base_url === "string" ? [asks.base_url] : [];
  const refused = [...(granted.base_url === false ? base : []), ...asks.hosts.filter((host) => !granted.hosts.includes(host))];
  return (
    <Card padding="sm">
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={550}>{title}</Text>
          {mark}
        </Group>
        <Group gap={4}>
          {words.map((name) => (
            <Tag key={name}>{name}</Tag>
          ))}
          {granted.private_addresses ? <Tag color="orange">{t("plugins.privateAddresses")}</Tag> : null}
          {granted.capture ? <Tag color="orange">{t("plugins.capture")}</Tag> : null}
        </Group>
        <Asked title={t("plugins.hosts")} names={[...base, ...asks.hosts]} refused={refused} />
        <Asked title={t("plugins.environment")} names={asks.env} refused={asks.env.filter((name) => !granted.env.includes(name))} />
      </Stack>
    </Card>
  );
}

/** What was asked for; what was not granted is struck out. */
function Asked({ title, names, refused }: { title: string; names: string[]; refused: string[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      {names.map((name) => (
        <Text key={name} size="xs" ff="monospace" td={refused.includes(name) ? "line-through" : undefined} c={refused.includes(name) ? "red" : undefined} title={refused.includes(name) ? t("plugins.notGranted") : undefined} className="wrap">
          {name}
        </Text>
      ))}
    </div>
  );
}
