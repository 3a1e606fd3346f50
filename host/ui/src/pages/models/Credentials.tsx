import { Button, Group, Stack, Text } from "@mantine/core";
import { IconEdit, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Credential, useCredentials, useDeleteCredential } from "../../api/models";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { useConfirm } from "../../parts/useConfirm";
import { CredentialForm } from "./CredentialForm";

/** Provider keys under names. */
export function Credentials() {
  const { t } = useTranslation();
  const { date } = useFormat();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const source = useCredentials();
  const remove = useDeleteCredential();
  const [opened, setOpened] = useState<null | "new" | Credential>(null);
  const of = opened === "new" ? null : opened;
  const close = () => setOpened(null);
  const deleteIt = (name: string) => confirm(t("common.delete"), t("models.credentialDelete", { name }), () => void remove.mutateAsync(name).then(() => done(t("common.deleted", { name })), failed));
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("models.credentialMake")}
    </Button>
  ) : null;
  const columns: Column<Credential>[] = [
    {
      title: t("models.credentialName"),
      show: (it) => (
        <Text size="sm" fw={550}>
          {it.credential_name}
        </Text>
      ),
    },
    { title: t("models.credentialValues"), show: (it) => <Names names={Object.keys(it.credential_values)} none={t("common.none")} most={6} /> },
    { title: t("models.provider"), show: (it) => String(it.credential_info.custom_llm_provider ?? "—") },
    { title: t("common.updated"), show: (it) => <span className="number">{date(it.updated_at)}</span> },
  ];
  if (admin) {
    columns.push({
      title: t("common.actions"),
      quiet: true,
      show: (it) => (
        <ActionMenu
          name={it.credential_name}
          actions={[
            { label: t("common.edit"), icon: IconEdit, act: () => setOpened(it) },
            { label: t("common.delete"), icon: IconTrash, danger: true, act: () => deleteIt(it.credential_name) },
          ]}
        />
      ),
    });
  }
  return (
    <Stack>
      <Side opened={opened !== null} onClose={close} title={of?.credential_name ?? t("models.credentialMake")} size="md">
        <CredentialForm of={of} onDone={close} />
      </Side>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={640}>
          {t("models.credentialLead")}
        </Text>
        {make}
      </Group>
      <Rows name={t("models.credentials")} rows={source.data} columns={columns} id={(it) => it.credential_name} source={source} empty={<Empty title={t("models.credentialNone")} action={make} />} wide="narrow" />
    </Stack>
  );
}
