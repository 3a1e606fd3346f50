import { Autocomplete, Button, Card, Group, Stack, Text } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Callback, useAddCallback, useCallbacks, useRemoveCallback } from "../../api/guardrails";
import { usePlugins } from "../../api/plugins";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";
import { Available } from "./Available";

/** What is told of calls, switched on and off by name. */
export function Callbacks() {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const source = useCallbacks();
  const { data: plugins } = usePlugins();
  const remove = useRemoveCallback();
  const hooks = (plugins?.plugins ?? []).flatMap((it) => it.callbacks ?? []);
  const off = (name: string) => confirm(t("guardrails.switchOff"), t("guardrails.offLead", { name }), () => void remove.mutateAsync(name).then(() => done(t("guardrails.turnedOff", { name })), failed));
  const columns: Column<Callback>[] = [
    {
      title: t("guardrails.callback"),
      show: (it) => (
        <Text size="sm" fw={550}>
          {it.name}
        </Text>
      ),
    },
    { title: t("guardrails.callbackKind"), show: (it) => t(`guardrails.${it.type}`) },
    { title: t("guardrails.inForce"), long: true, show: (it) => <InForce of={it} /> },
  ];
  if (admin) columns.push({ title: t("common.actions"), quiet: true, show: (it) => <ActionMenu name={it.name} actions={[{ label: t("guardrails.switchOff"), icon: IconPlayerStop, danger: true, act: () => off(it.name) }]} /> });
  return (
    <Stack>
      {admin ? <AddCallback names={["otel", "prometheus", ...hooks.map((it) => it.name)]} /> : null}
      <Rows name={t("guardrails.callbacks")} rows={source.data} columns={columns} id={(it) => `${it.type} ${it.name}`} source={source} empty={<Empty title={t("guardrails.noCallbacks")} hint={t("guardrails.noCallbacksHint")} />} wide="narrow" />
      <Available title={t("guardrails.availableCallbacks")} hooks={hooks} />
    </Stack>
  );
}

function InForce({ of }: { of: Callback }) {
  const { t } = useTranslation();
  if (of.in_force) return <Tag color="teal">{t("common.yes")}</Tag>;
  return (
    <>
      <Tag color="orange">{t("guardrails.notInForce")}</Tag>
      <Text size="xs" c="dimmed" className="wrap">
        {of.reason}
      </Text>
    </>
  );
}

function AddCallback({ names }: { names: string[] }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const add = useAddCallback();
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    if (!wanted) return;
    add.mutate(wanted, {
      onSuccess: () => {
        done(t("guardrails.turnedOn", { name: wanted }));
        setName("");
      },
    });
  };
  return (
    <Card padding="md">
      <form onSubmit={submit}>
        <Group align="flex-start">
          <Autocomplete flex="1 1 260px" maw={420} label={t("guardrails.callbackName")} description={t("guardrails.callbackNameHint")} data={names} value={name} onChange={setName} error={add.error?.message} />
          <Button type="submit" loading={add.isPending} mt={{ base: 0, xs: 25 }}>
            {t("guardrails.addCallback")}
          </Button>
        </Group>
      </form>
    </Card>
  );
}
