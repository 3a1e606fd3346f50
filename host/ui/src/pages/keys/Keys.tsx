import { Button, Select, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Key, useKeys } from "../../api/keys";
import { useTeamSearch } from "../../api/lookups";
import { useStanding } from "../../api/session";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Empty } from "../../parts/States";
import { TeamField } from "../../parts/TeamField";
import { KeyDrawer } from "./KeyDrawer";
import { KeyTable } from "./KeyTable";

/** Nothing, a new key, or one that is there. */
export type Opened = null | "new" | Key;

const STATUSES = { active: "active", expired: "expired", revoked: "blocked" } as const;

export function Keys() {
  const { t } = useTranslation();
  const { readsOnly } = useStanding();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const [team, setTeam] = useState<string | null>(null);
  const [status, setStatus] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened>(null);
  const source = useKeys({ search, team, status });
  const { data: teams } = useTeamSearch("");
  const filtered = search !== "" || team !== null || status !== null;
  const make = readsOnly ? null : (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("keys.make")}
    </Button>
  );
  const total = source.data?.pages[0]?.total_count;
  return (
    <Page title={t("keys.title")} lead={t("keys.lead")} actions={make}>
      <KeyDrawer opened={opened} onClose={() => setOpened(null)} />
      <Filters>
        <SearchField value={typed} onChange={setTyped} />
        {teams && teams.length > 0 ? <TeamField aria-label={t("keys.team")} placeholder={t("keys.anyTeam")} value={team} onChange={setTeam} /> : null}
        <Select aria-label={t("keys.status")} placeholder={t("keys.anyStatus")} clearable value={status} onChange={setStatus} data={Object.entries(STATUSES).map(([value, name]) => ({ value, label: t(`keys.${name}`) }))} />
        {total ? (
          <Text size="sm" c="dimmed">
            {t("common.total", { count: total })}
          </Text>
        ) : null}
      </Filters>
      <KeyTable source={source} onEdit={setOpened} empty={filtered ? <Empty title={t("common.noMatch")} /> : <Empty title={t("keys.noKeys")} hint={t("keys.noKeysHint")} action={make} />} />
    </Page>
  );
}
