import { Button, Group, Stack, Switch, Text } from "@mantine/core";
import { IconEdit, IconPlus, IconRestore } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../../api/session";
import { type Section, type Setting, useSettings, useUnsetField } from "../../api/settings";
import { type Action, ActionMenu } from "../../parts/ActionMenu";
import { Filters } from "../../parts/Filters";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";
import { SettingForm } from "./SettingForm";
import classes from "./Settings.module.css";
import { SettingSource } from "./SettingSource";
import { VariableForm } from "./VariableForm";

export const shownValue = (it: unknown): string => (typeof it === "string" ? it : JSON.stringify(it, null, 1));

const isUnset = (it: Setting) => it.field_value === null || it.field_value === undefined;

/** The settings of one section, one a row. */
export function SectionTable({ section }: { section: Section }) {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const source = useSettings(section);
  const unset = useUnsetField();
  const [search, setSearch] = useState("");
  const [onlySet, setOnlySet] = useState(false);
  const [opened, setOpened] = useState<null | "new" | Setting>(null);
  const close = () => setOpened(null);
  const wanted = search.trim().toLowerCase();
  const rows = source.data?.filter((it) => (!onlySet || it.source.kind !== "default") && `${it.field_name} ${it.field_description}`.toLowerCase().includes(wanted));
  const back = ({ field_name }: Setting) => confirm(t("settings.backToFile"), t("settings.backLead", { name: field_name }), () => void unset.mutateAsync({ config_type: section, field_name }).then(() => done(t("common.saved", { name: field_name })), failed));
  const columns: Column<Setting>[] = [
    {
      title: t("settings.setting"),
      show: (it) => (
        <>
          <Text size="sm" fw={550} ff="monospace">
            {it.field_name}
          </Text>
          <Text size="xs" c="dimmed" maw={420}>
            {it.field_description}
          </Text>
        </>
      ),
    },
    {
      title: t("settings.value"),
      show: (it) =>
        isUnset(it) ? (
          <Text size="sm" c="dimmed">
            {t("settings.unset")}
          </Text>
        ) : (
          <span className={classes.value}>{shownValue(it.field_value)}</span>
        ),
    },
    { title: t("settings.source"), show: (it) => <SettingSource of={it.source} /> },
    { title: t("settings.applies"), show: (it) => <Applies of={it.applies} /> },
  ];
  if (admin) {
    columns.push({
      title: t("common.actions"),
      quiet: true,
      show: (it) => {
        const actions: Action[] = [{ label: t("common.edit"), icon: IconEdit, act: () => setOpened(it) }];
        if (it.stored_in_db) actions.push({ label: t("settings.backToFile"), icon: IconRestore, act: () => back(it) });
        return <ActionMenu name={it.field_name} actions={actions} />;
      },
    });
  }
  return (
    <Stack>
      <Side opened={opened !== null} onClose={close} title={opened && opened !== "new" ? t("settings.change", { name: opened.field_name }) : t("settings.addVariable")} size="md">
        {opened === "new" ? <VariableForm onDone={close} /> : null}
        {opened && opened !== "new" ? <SettingForm section={section} of={opened} onDone={close} /> : null}
      </Side>
      <Group justify="space-between">
        <Filters>
          <SearchField value={search} onChange={setSearch} />
          <Switch label={t("settings.onlySet")} checked={onlySet} onChange={(event) => setOnlySet(event.currentTarget.checked)} />
        </Filters>
        {section === "environment_variables" && admin ? (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
            {t("settings.addVariable")}
          </Button>
        ) : null}
      </Group>
      <Rows name={t(`settings.${section}`)} rows={rows} columns={columns} id={(it) => it.field_name} source={source} empty={<Empty title={wanted || onlySet ? t("common.noMatch") : t("settings.noSettings")} />} wide="wide" />
    </Stack>
  );
}

function Applies({ of }: { of: string }) {
  const { t } = useTranslation();
  if (of === "at once") return <Text size="sm">{t("settings.atOnce")}</Text>;
  if (of === "at the next start") return <Tag color="orange">{t("settings.atStart")}</Tag>;
  return <Tag title={of}>{t("settings.noEffect")}</Tag>;
}
