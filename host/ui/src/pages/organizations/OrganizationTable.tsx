import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconEdit, IconTrash, IconUsers } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { type Organization, type useOrganizations, useDeleteOrganization } from "../../api/organizations";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { useConfirm } from "../../parts/useConfirm";
import { type Opened, organizationName } from "./Organizations";

/** Organizations, one a row. */
export function OrganizationTable({ source, rows, onOpen, empty }: { source: ReturnType<typeof useOrganizations>; rows: Organization[] | undefined; onOpen: (what: Opened) => void; empty: ReactNode }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { admin } = useStanding();
  const columns: Column<Organization>[] = [
    {
      title: t("organizations.alias"),
      show: (it) => (
        <Text size="sm" fw={550}>
          {organizationName(it)}
        </Text>
      ),
    },
    {
      title: t("organizations.teams"),
      show: (it) => (
        <Group gap="xs">
          {it.teams.slice(0, 4).map((team) => (
            <Anchor key={team.team_id} component={Link} to={`/teams/${encodeURIComponent(team.team_id)}`} size="sm">
              {team.team_alias ?? team.team_id}
            </Anchor>
          ))}
          {it.teams.length > 4 ? `+${it.teams.length - 4}` : null}
        </Group>
      ),
    },
    {
      title: t("organizations.members"),
      show: (it) => (
        <Button variant="transparent" size="compact-sm" px={0} onClick={() => onOpen({ what: "members", id: it.organization_id })} aria-label={`${count(it.members.length)}: ${t("organizations.membersOf", { name: organizationName(it) })}`}>
          {count(it.members.length)}
        </Button>
      ),
    },
    { title: t("common.models"), show: (it) => <Names names={it.models} none={t("keys.allModels")} /> },
    { title: t("common.spend"), show: (it) => <BudgetBar spend={it.spend} budget={it.litellm_budget_table?.max_budget ?? null} resets={it.litellm_budget_table?.budget_reset_at ?? null} /> },
  ];
  if (admin) columns.push({ title: t("common.actions"), quiet: true, show: (it) => <OrganizationMenu of={it} onOpen={onOpen} /> });
  return <Rows name={t("organizations.title")} rows={rows} columns={columns} id={(it) => it.organization_id} source={source} empty={empty} />;
}

function OrganizationMenu({ of, onOpen }: { of: Organization; onOpen: (what: Opened) => void }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const remove = useDeleteOrganization();
  const [name, id] = [organizationName(of), of.organization_id];
  const deleteIt = () => confirm(t("common.delete"), t("organizations.deleteLead", { name }), () => void remove.mutateAsync(id).then(() => done(t("common.deleted", { name })), failed));
  return (
    <ActionMenu
      name={name}
      actions={[
        { label: t("common.edit"), icon: IconEdit, act: () => onOpen({ what: "form", id }) },
        { label: t("organizations.members"), icon: IconUsers, act: () => onOpen({ what: "members", id }) },
        { label: t("common.delete"), icon: IconTrash, danger: true, act: deleteIt },
      ]}
    />
  );
}
