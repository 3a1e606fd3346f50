import { Button, Group, Stack, Text } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Plugin, useRollBack } from "../../api/plugins";
import { useStanding } from "../../api/session";
import { useFormat } from "../../parts/format";
import { useSaid } from "../../parts/said";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";

/** Versions of a plugin that served, each of which may serve again. */
export function PluginHistory({ of }: { of: Plugin }) {
  const { t } = useTranslation();
  const { time } = useFormat();
  const versions = of.history.map((it) => ({ digest: it.digest, title: it.version, since: time(it.at_ms) }));
  if (of.shipped_digest) versions.push({ digest: of.shipped_digest, title: t("plugins.bundled"), since: "" });
  if (versions.length === 0) return null;
  return (
    <Stack gap="xs">
      <Text fw={600}>{t("plugins.history")}</Text>
      {versions.map((it) => (
        <Group key={it.digest} justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Text size="sm">{[it.title, it.since].filter(Boolean).join(" · ")}</Text>
            <Text size="xs" c="dimmed" ff="monospace">
              {it.digest.slice(0, 16)}
            </Text>
          </div>
          {it.digest === of.digest ? <Tag color="teal">{t("plugins.serving")}</Tag> : <Back name={of.name} digest={it.digest} version={it.title} />}
        </Group>
      ))}
    </Stack>
  );
}

function Back({ name, digest, version }: { name: string; digest: string; version: string }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const { admin } = useStanding();
  const confirm = useConfirm();
  const back = useRollBack();
  if (!admin) return null;
  const go = () => void back.mutateAsync({ name, digest }).then(() => done(t("plugins.wentBack", { name, version })), failed);
  return (
    <Button size="compact-xs" variant="default" leftSection={<IconArrowBackUp size={14} aria-hidden />} loading={back.isPending} aria-label={`${t("plugins.goBack")}: ${digest.slice(0, 16)}`} onClick={() => confirm(t("plugins.goBack"), t("plugins.goBackLead", { name, version }), go)}>
      {t("plugins.goBack")}
    </Button>
  );
}
