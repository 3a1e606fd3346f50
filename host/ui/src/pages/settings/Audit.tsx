import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type AuditEntry, useAudit } from "../../api/settings";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { Difference } from "./Difference";

/** The gateway's own words for what may be changed; LiteLLM's tables are shown by them too. */
const TABLES = ["key", "team", "team_member", "user", "organization", "organization_member", "end_user", "budget", "tag", "access_group", "model", "credential", "config", "invitation", "plugins"];

/** `LiteLLM_TeamTable` as people say it. */
const plain = (table: string) => table.replace(/^LiteLLM_/, "").replace(/Table$/, "").replace(/([a-z])([A-Z])/g, "$1 $2");

const COLOURS: Record<string, string> = { created: "teal", deleted: "red", blocked: "orange" };

/** Who changed what, the latest first. */
export function Audit() {
  const { t } = useTranslation();
  const { time } = useFormat();
  const [who, setWho] = useState("");
  const [object, setObject] = useState("");
  const [table, setTable] = useState<string | null>(null);
  const [filter] = useDebouncedValue({ changed_by: who.trim(), object_id: object.trim(), table_name: table }, 300);
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const source = useAudit(filter);
  const columns: Column<AuditEntry>[] = [
    {
      title: t("settings.when"),
      show: (it) => (
        <Button variant="transparent" size="compact-sm" px={0} className="number" onClick={() => setOpened(it)}>
          {time(it.updated_at)}
        </Button>
      ),
    },
    {
      title: t("settings.who"),
      show: (it) => (
        <Text size="sm" className="wrap">
          {it.changed_by}
        </Text>
      ),
    },
    { title: t("settings.action"), show: (it) => <Tag color={COLOURS[it.action] ?? "gray"}>{it.action}</Tag> },
    {
      title: t("settings.object"),
      show: (it) => (
        <>
          <Text size="sm">{plain(it.table_name)}</Text>
          <Text size="xs" c="dimmed" ff="monospace" truncate maw={260} title={it.object_id}>
            {it.object_id}
          </Text>
        </>
      ),
    },
  ];
  return (
    <Stack>
      <Side opened={opened !== null} onClose={() => setOpened(null)} title={t("settings.entry", { id: opened?.id ?? "" })} size="xl">
        {opened ? <Difference of={opened} /> : null}
      </Side>
      <Group gap="sm">
        <SearchField value={who} onChange={setWho} label={t("settings.byWho")} />
        <SearchField value={object} onChange={setObject} label={t("settings.byObject")} />
        <Select aria-label={t("settings.anyKind")} placeholder={t("settings.anyKind")} clearable searchable value={table} onChange={setTable} data={TABLES} />
      </Group>
      <Rows name={t("settings.audit")} rows={source.data?.pages.flatMap((page) => page.audit_logs)} columns={columns} id={(it) => it.id} source={source} empty={<Empty title={t("settings.noEntries")} />} />
    </Stack>
  );
}
