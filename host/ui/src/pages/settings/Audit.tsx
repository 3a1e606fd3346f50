import { Button, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { MASTER_KEY } from "../../api/logs";
import { type AuditEntry, useAudit } from "../../api/settings";
import { Filters } from "../../parts/Filters";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { AuditAction } from "./AuditAction";
import { Difference } from "./Difference";

/** LiteLLM's tables, by which the gateway names what was changed. */
const TABLES = {
  LiteLLM_VerificationToken: "key",
  LiteLLM_TeamTable: "team",
  LiteLLM_TeamMembership: "team_member",
  LiteLLM_UserTable: "user",
  LiteLLM_OrganizationTable: "organization",
  LiteLLM_OrganizationMembership: "organization_member",
  LiteLLM_EndUserTable: "end_user",
  LiteLLM_BudgetTable: "budget",
  LiteLLM_TagTable: "tag",
  LiteLLM_AccessGroupTable: "access_group",
  LiteLLM_ProxyModelTable: "model",
  LiteLLM_CredentialsTable: "credential",
  LiteLLM_GuardrailsTable: "guardrail",
  plugin: "plugin",
  LiteLLM_Config: "config",
  LiteLLM_InvitationLink: "invitation",
} as const;

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
  const kind = (table: string) => (table in TABLES ? t(`settings.kind_${TABLES[table as keyof typeof TABLES]}`) : table);
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
        <Text size="sm" truncate maw={220} title={it.changed_by}>
          {it.changed_by === MASTER_KEY ? t("logs.masterKey") : it.changed_by}
        </Text>
      ),
    },
    { title: t("settings.action"), show: (it) => <AuditAction of={it.action} /> },
    {
      title: t("settings.object"),
      show: (it) => (
        <>
          <Text size="sm">{kind(it.table_name)}</Text>
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
      <Filters>
        <SearchField value={who} onChange={setWho} label={t("settings.byWho")} />
        <SearchField value={object} onChange={setObject} label={t("settings.byObject")} />
        <Select aria-label={t("settings.anyKind")} placeholder={t("settings.anyKind")} clearable searchable value={table} onChange={setTable} data={Object.keys(TABLES).map((value) => ({ value, label: kind(value) }))} />
      </Filters>
      <Rows name={t("settings.audit")} rows={source.data?.pages.flatMap((page) => page.audit_logs)} columns={columns} id={(it) => it.id} source={source} empty={<Empty title={t("settings.noEntries")} />} />
    </Stack>
  );
}
