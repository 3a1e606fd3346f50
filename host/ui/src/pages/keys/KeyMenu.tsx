import { ActionIcon, Button, Group, Menu, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconBan, IconDots, IconEdit, IconLockOpen, IconRotate, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Key, useBlockKey, useDeleteKey, useRotateKey } from "../../api/keys";
import { Failed } from "../../parts/States";
import { MadeKey } from "./KeyDrawer";

/** What may be done with a key. */
export function KeyMenu({ of, edit }: { of: Key; edit: () => void }) {
  const { t } = useTranslation();
  const [remove, block] = [useDeleteKey(), useBlockKey()];
  const name = of.key_alias ?? of.key_name;
  const failed = (error: Error) => notifications.show({ color: "red", title: t("common.failed"), message: error.message });
  const confirmDelete = () =>
    modals.openConfirmModal({
      title: t("common.delete"),
      children: <Text size="sm">{t("keys.deleteLead", { name })}</Text>,
      labels: { confirm: t("common.delete"), cancel: t("common.cancel") },
      confirmProps: { color: "red" },
      onConfirm: () => remove.mutate(of.token, { onSuccess: () => notifications.show({ color: "teal", message: t("keys.deleted", { name }) }), onError: failed }),
    });
  const rotate = () => modals.open({ title: t("keys.rotate"), children: <Rotate of={of} />, size: "lg" });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`${t("common.actions")}: ${name}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={edit}>
          {t("common.edit")}
        </Menu.Item>
        <Menu.Item leftSection={<IconRotate size={16} aria-hidden />} onClick={rotate}>
          {t("keys.rotate")}
        </Menu.Item>
        <Menu.Item leftSection={of.blocked ? <IconLockOpen size={16} aria-hidden /> : <IconBan size={16} aria-hidden />} onClick={() => block.mutate({ key: of.token, blocked: !of.blocked }, { onError: failed })}>
          {of.blocked ? t("keys.unblock") : t("keys.block")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={confirmDelete}>
          {t("common.delete")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Rotate({ of }: { of: Key }) {
  const { t } = useTranslation();
  const [grace, setGrace] = useState("24h");
  const rotate = useRotateKey();
  if (rotate.data) return <MadeKey text={rotate.data.key} />;
  return (
    <Stack>
      <Text size="sm">{t("keys.rotateLead")}</Text>
      {rotate.error ? <Failed error={rotate.error} /> : null}
      <TextInput label={t("keys.grace")} placeholder={t("keys.graceNow")} value={grace} onChange={(event) => setGrace(event.currentTarget.value)} data-autofocus />
      <Group justify="flex-end">
        <Button variant="default" onClick={() => modals.closeAll()}>
          {t("common.cancel")}
        </Button>
        <Button loading={rotate.isPending} onClick={() => rotate.mutate({ key: of.token, grace })}>
          {t("keys.rotate")}
        </Button>
      </Group>
    </Stack>
  );
}
