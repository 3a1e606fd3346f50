import { Anchor, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useOrganizationNames } from "../../api/lookups";
import { useStanding } from "../../api/session";
import type { Team, useTeams } from "../../api/teams";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { Tag } from "../../parts/Tag";
import { TeamMenu } from "./TeamMenu";

/** Teams, one a row. */
export function TeamTable({ source, onEdit, empty }: { source: ReturnType<typeof useTeams>; onEdit: (team: Team) => void; empty: ReactNode }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { seesAll } = useStanding();
  const { data: organizations } = useOrganizationNames(seesAll);
  const organizationName = (id: string | null) => organizations?.find((it) => it.organization_id === id)?.organization_alias ?? id ?? "—";
  const columns: Column<Team>[] = [
    {
      title: t("teams.alias"),
      show: (team) => (
        <>
          <Anchor component={Link} to={`/teams/${encodeURIComponent(team.team_id)}`} size="sm" fw={550}>
            {team.team_alias ?? team.team_id}
          </Anchor>
          {team.blocked ? <Tag color="red">{t("common.blocked")}</Tag> : null}
        </>
      ),
    },
    { title: t("teams.organization"), show: (team) => <Text size="sm">{organizationName(team.organization_id)}</Text> },
    { title: t("teams.members"), number: true, show: (team) => count(team.members_count ?? team.members_with_roles.length) },
    { title: t("teams.keys"), number: true, show: (team) => count(team.keys_count ?? 0) },
    { title: t("common.models"), show: (team) => <Names names={team.models} none={t("keys.allModels")} /> },
    { title: t("common.spend"), show: (team) => <BudgetBar spend={team.spend} budget={team.max_budget} resets={team.budget_duration ? team.budget_reset_at : null} /> },
    { title: t("common.actions"), quiet: true, show: (team) => <TeamMenu of={team} edit={() => onEdit(team)} /> },
  ];
  return <Rows name={t("teams.title")} rows={source.data?.pages.flatMap((page) => page.teams)} columns={columns} id={(team) => team.team_id} source={source} empty={empty} wide="wide" />;
}
