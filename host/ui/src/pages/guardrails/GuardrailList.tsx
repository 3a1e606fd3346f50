import { Button, Group, Stack, Text } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Guardrail, useDeleteGuardrail, useGuardrails } from "../../api/guardrails";
import { usePlugins } from "../../api/plugins";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";
import { Available } from "./Available";
import { GuardrailDetails } from "./GuardrailDetails";
import { GuardrailForm } from "./GuardrailForm";
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
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const remove = useDeleteGuardrail();
  const [opened, setOpened] = useState<Guardrail | null>(null);
  const [edited, setEdited] = useState<null | "new" | Guardrail>(null);
  const hooks = (plugins?.plugins ?? []).flatMap((it) => it.guardrails ?? []);
  const of = edited === "new" ? null : edited;
  const close = () => setEdited(null);
  const askToDelete = (name: string, id: string) => confirm(t("common.delete"), t("guardrails.deleteLead", { name }), () => void remove.mutateAsync(id).then(() => done(t("common.deleted", { name })), failed));
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setEdited("new")}>
      {t("guardrails.make")}
    </Button>
  ) : null;
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
          {it.plugin && it.plugin !== it.litellm_params.guardrail ? (
            <Text size="xs" c="dimmed">
              {it.plugin}
            </Text>
          ) : null}
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
  if (admin) {
    columns.push({
      title: t("common.actions"),
      quiet: true,
      // What the file says is changed in the file.
      show: ({ guardrail_id: id, guardrail_name: name, ...rest }) =>
        id ? (
          <ActionMenu
            name={name}
            actions={[
              { label: t("common.edit"), icon: IconPencil, act: () => setEdited({ guardrail_id: id, guardrail_name: name, ...rest }) },
              { label: t("common.delete"), icon: IconTrash, danger: true, act: () => askToDelete(name, id) },
            ]}
          />
        ) : null,
    });
  }
  return (
    <Stack>
      <Side opened={edited !== null} onClose={close} title={of ? t("models.editTitle", { name: of.guardrail_name }) : t("guardrails.make")}>
        <GuardrailForm of={of} hooks={hooks} onDone={close} />
      </Side>
      {make && source.data?.length ? <Group justify="flex-end">{make}</Group> : null}
      <Side opened={opened !== null} onClose={() => setOpened(null)} title={opened?.guardrail_name ?? ""}>
        {opened ? <GuardrailDetails of={opened} /> : null}
      </Side>
      <Rows name={t("guardrails.guardrails")} rows={source.data} columns={columns} id={(it) => it.guardrail_name} source={source} empty={<Empty title={t("guardrails.none")} hint={t("guardrails.noneHint")} action={make} />} />
      {source.data && source.data.length > 0 ? <TryGuardrail of={source.data} /> : null}
      <Available title={t("guardrails.available")} hooks={hooks} />
    </Stack>
  );
}
