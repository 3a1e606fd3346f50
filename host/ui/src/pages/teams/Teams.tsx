import { Button, Select, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useOrganizationNames } from "../../api/lookups";
import { useStanding } from "../../api/session";
import { type Team, useTeams } from "../../api/teams";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { TeamForm } from "./TeamForm";
import { TeamTable } from "./TeamTable";

export function Teams() {
  const { t } = useTranslation();
  const { admin, seesAll } = useStanding();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const [organization, setOrganization] = useState<string | null>(null);
  const [opened, setOpened] = useState<null | "new" | Team>(null);
  const source = useTeams(search, organization);
  const { data: organizations } = useOrganizationNames(seesAll);
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("teams.make")}
    </Button>
  ) : null;
  const close = () => setOpened(null);
  const of = opened === "new" ? null : opened;
  const total = source.data?.pages[0]?.total;
  const filtered = search !== "" || organization !== null;
  return (
    <Page title={t("teams.title")} lead={t("teams.lead")} actions={make}>
      <Side opened={opened !== null} onClose={close} title={of ? t("teams.editTitle", { name: of.team_alias ?? of.team_id }) : t("teams.make")}>
        <TeamForm of={of} onDone={close} />
      </Side>
      <Filters>
        <SearchField value={typed} onChange={setTyped} />
        {organizations && organizations.length > 0 ? <Select aria-label={t("teams.organization")} placeholder={t("teams.anyOrganization")} clearable searchable value={organization} onChange={setOrganization} data={organizations.map((it) => ({ value: it.organization_id, label: it.organization_alias ?? it.organization_id }))} /> : null}
        {total ? (
          <Text size="sm" c="dimmed">
            {t("common.total", { count: total })}
          </Text>
        ) : null}
      </Filters>
      <TeamTable source={source} onEdit={setOpened} empty={filtered ? <Empty title={t("common.noMatch")} /> : <Empty title={t("teams.none")} hint={t("teams.noneHint")} action={make} />} />
    </Page>
  );
}
