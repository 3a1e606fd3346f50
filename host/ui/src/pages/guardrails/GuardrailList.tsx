import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Guardrail, useGuardrails } from "../../api/guardrails";
import { usePlugins } from "../../api/plugins";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { Available } from "./Available";
import { GuardrailDetails } from "./GuardrailDetails";
import { TryGuardrail } from "./TryGuardrail";

/** When a guardrail looks; by tag where it says so. */
export function modesOf(it: Guardrail): string[] {
  const { mode } = it.litellm_params;
  if (Array.isArray(mode)) return mode;
  return [...Object.entries(mode.tags).map(([tag, modes]) => `${tag}: ${modes.join(", ")}`), ...mode.default];
}

export function GuardrailList() {
  const { t } = useTranslation();
  const source = useGuardrails();
  const { data: plugins } = usePlugins();
  const [opened, setOpened] = useState<Guardrail | null>(null);
  const columns: Column<Guardrail>[] = [
    {
      title: t("common.name"),
      show: (it) => (
        <Button variant="transparent" size="compact-sm" px={0} onClick={() => setOpened(it)}>
          {it.guardrail_name}
        </Button>
      ),
    },
    {
      title: t("guardrails.kind"),
      show: (it) => (
        <>
          <Text size="sm">{it.litellm_params.guardrail}</Text>
          <Text size="xs" c="dimmed">
            {it.plugin ?? "—"}
          </Text>
        </>
      ),
    },
    { title: t("guardrails.mode"), show: (it) => <Names names={modesOf(it)} none="—" /> },
    { title: t("guardrails.defaultOn"), show: (it) => (it.litellm_params.default_on ? t("common.yes") : t("guardrails.whenNamed")) },
    {
      title: t("guardrails.state"),
      show: (it) => (
        <Tag color={it.fault ? "red" : "teal"} title={it.fault ?? undefined}>
          {it.fault ? t("guardrails.cannot") : t("guardrails.looking")}
        </Tag>
      ),
    },
  ];
  return (
    <Stack>
      <Side opened={opened !== null} onClose={() => setOpened(null)} title={opened?.guardrail_name ?? ""}>
        {opened ? <GuardrailDetails of={opened} /> : null}
      </Side>
      <Rows name={t("guardrails.guardrails")} rows={source.data} columns={columns} id={(it) => it.guardrail_name} source={source} empty={<Empty title={t("guardrails.none")} hint={t("guardrails.noneHint")} />} />
      {source.data && source.data.length > 0 ? <TryGuardrail of={source.data} /> : null}
      <Available title={t("guardrails.available")} hooks={(plugins?.plugins ?? []).flatMap((it) => it.guardrails ?? [])} />
    </Stack>
  );
}
