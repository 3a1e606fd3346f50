import { Button, Group, Stack, Switch, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Deployment, useChecks, useDeployments, useDoings } from "../../api/models";
import { useStanding } from "../../api/session";
import { Filters } from "../../parts/Filters";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { DeploymentMenu } from "./DeploymentMenu";
import { DeploymentState } from "./DeploymentState";
import { ModelForm } from "./ModelForm";

/** Every deployment: how it is doing, what it costs, and where it comes from. */
export function Deployments() {
  const { t } = useTranslation();
  const { count, duration, perMillion } = useFormat();
  const { admin } = useStanding();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const [blocked, setBlocked] = useState(false);
  const [opened, setOpened] = useState<null | "new" | Deployment>(null);
  const source = useDeployments(search, blocked);
  const { data: doings } = useDoings();
  const { data: checks } = useChecks();
  const doing = (it: Deployment) => doings?.get(it.model_info.id);
  const price = ({ model_info: { input_cost_per_token: into, output_cost_per_token: out } }: Deployment) => ((into ?? out ?? null) === null ? perMillion(null) : `${perMillion(into)} / ${perMillion(out)}`);
  const close = () => setOpened(null);
  const of = opened === "new" ? null : opened;
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("models.make")}
    </Button>
  ) : null;
  const columns: Column<Deployment>[] = [
    {
      title: t("models.group"),
      show: (it) => (
        <>
          <Text size="sm" fw={550}>
            {it.model_name}
          </Text>
          <Text size="xs" c="dimmed">
            {it.litellm_params.model}
          </Text>
        </>
      ),
    },
    { title: t("models.state"), show: (it) => <DeploymentState doing={doing(it)} checked={checks?.[it.model_info.id]} blocked={it.model_info.blocked ?? false} /> },
    { title: t("models.inFlight"), number: true, show: (it) => count(doing(it)?.in_flight ?? 0) },
    { title: t("models.traffic"), number: true, show: (it) => `${count(doing(it)?.answered ?? 0)} / ${count(doing(it)?.sent ?? 0)}` },
    { title: t("models.latency"), number: true, show: (it) => (doing(it)?.sent ? duration((doing(it)?.peak_latency_seconds ?? 0) * 1000) : "—") },
    { title: t("models.priceBoth"), number: true, show: (it) => price(it) },
    { title: t("models.from"), show: (it) => <Tag color={it.model_info.db_model ? "cyan" : "gray"}>{it.model_info.db_model ? t("models.fromDatabase") : t("models.fromFile")}</Tag> },
  ];
  if (admin) columns.push({ title: t("common.actions"), quiet: true, show: (it) => <DeploymentMenu of={it} edit={() => setOpened(it)} /> });
  return (
    <Stack>
      <Side opened={opened !== null} onClose={close} title={of ? t("models.editTitle", { name: of.model_name }) : t("models.make")}>
        <ModelForm of={of} onDone={close} />
      </Side>
      <Group justify="space-between">
        <Filters>
          <SearchField value={typed} onChange={setTyped} />
          <Switch label={t("models.onlyBlocked")} checked={blocked} onChange={(event) => setBlocked(event.currentTarget.checked)} />
        </Filters>
        {make}
      </Group>
      <Rows name={t("models.deployments")} rows={source.data?.pages.flatMap((page) => page.data)} columns={columns} id={(it) => it.model_info.id} source={source} empty={search || blocked ? <Empty title={t("common.noMatch")} /> : <Empty title={t("models.none")} hint={t("models.noneHint")} action={make} />} wide="wide" />
      <Text size="sm" c="dimmed">
        {t("models.ofFile")}
      </Text>
    </Stack>
  );
}
