import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Hook } from "../../api/plugins";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";

/** What loaded plugins have to be named in the config. */
export function Available({ title, hooks }: { title: string; hooks: Hook[] }) {
  const { t } = useTranslation();
  if (hooks.length === 0) return null;
  const columns: Column<Hook>[] = [
    {
      title: t("common.name"),
      show: (it) => (
        <Text size="sm" ff="monospace">
          {it.name}
        </Text>
      ),
    },
    { title: t("common.details"), show: (it) => <Text size="sm">{it.title ?? "—"}</Text> },
    { title: t("guardrails.stages"), show: (it) => <Names names={it.stages} none={t("common.all")} most={4} /> },
    { title: t("plugins.hosts"), long: true, show: (it) => <Names names={it.granted.hosts} none="—" /> },
  ];
  return (
    <Stack gap="xs">
      <Text fw={600}>{title}</Text>
      <Rows name={title} rows={hooks} columns={columns} id={(it) => it.name} empty={null} wide="narrow" />
    </Stack>
  );
}
