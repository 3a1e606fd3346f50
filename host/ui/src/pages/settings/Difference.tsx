import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { AuditEntry } from "../../api/settings";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { AuditAction } from "./AuditAction";
import { shownValue } from "./SectionTable";
import classes from "./Settings.module.css";

interface Row {
  name: string;
  before: unknown;
  after: unknown;
}

const isNothing = (it: unknown) => it === null || it === undefined || (typeof it === "object" && Object.keys(it).length === 0);

/** The fields in which two documents differ; nothing and an empty list are the same. */
export function differences(before: Record<string, unknown> | null, after: Record<string, unknown> | null): Row[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const rows = [...names].map((name) => ({ name, before: before?.[name], after: after?.[name] }));
  return rows.filter((it) => JSON.stringify(it.before) !== JSON.stringify(it.after) && !(isNothing(it.before) && isNothing(it.after)));
}

/** One entry of the audit log: what was, and what is. */
export function Difference({ of }: { of: AuditEntry }) {
  const { t } = useTranslation();
  const { time } = useFormat();
  const value = (it: unknown) => (isNothing(it) ? "—" : <span className={classes.value}>{shownValue(it)}</span>);
  const columns: Column<Row>[] = [
    {
      title: t("settings.member"),
      show: (it) => (
        <Text size="sm" ff="monospace">
          {it.name}
        </Text>
      ),
    },
    { title: t("settings.before"), show: (it) => value(it.before) },
    { title: t("settings.after"), show: (it) => value(it.after) },
  ];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Fact name={t("settings.when")} value={time(of.updated_at)} />
        <Fact name={t("settings.who")} value={of.changed_by} />
        <Fact name={t("settings.action")} value={<AuditAction of={of.action} />} />
        <Fact name={t("settings.object")} value={`${of.table_name} ${of.object_id}`} />
        {of.changed_by_api_key ? <Fact name={t("keys.key")} value={of.changed_by_api_key} /> : null}
      </SimpleGrid>
      <Rows name={t("settings.entry", { id: of.id })} rows={differences(of.before_value, of.updated_values)} columns={columns} id={(it) => it.name} empty={<Text p="md">{t("settings.noDifference")}</Text>} wide="narrow" />
    </Stack>
  );
}
