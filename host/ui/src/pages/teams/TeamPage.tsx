import { Anchor, Card, SimpleGrid, Tabs } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";

import { type TeamDetail, useTeam } from "../../api/teams";
import { BudgetBar } from "../../parts/BudgetBar";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { Page } from "../../parts/Page";
import { Side } from "../../parts/Side";
import { Failed, Waiting } from "../../parts/States";
import { MemberTable } from "./MemberTable";
import { TeamForm } from "./TeamForm";
import { TeamKeys } from "./TeamKeys";
import { TeamMenu } from "./TeamMenu";

/** One team: its limits, who is in it, and its keys. */
export function TeamPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const { data, error, isPending, refetch } = useTeam(id);
  const [editing, setEditing] = useState(false);
  const go = useNavigate();
  const team = data?.team_info;
  return (
    <Page
      title={team?.team_alias ?? id}
      lead={
        <Anchor component={Link} to="/teams" size="sm">
          <IconArrowLeft size={14} aria-hidden /> {t("teams.title")}
        </Anchor>
      }
      actions={team ? <TeamMenu of={team} edit={() => setEditing(true)} onGone={() => void go("/teams")} /> : null}
    >
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {isPending && !error ? <Waiting /> : null}
      <Side opened={editing} onClose={() => setEditing(false)} title={t("teams.editTitle", { name: team?.team_alias ?? id })}>
        <TeamForm of={team ?? null} onDone={() => setEditing(false)} />
      </Side>
      {data ? <Content of={data} /> : null}
    </Page>
  );
}

function Content({ of }: { of: TeamDetail }) {
  const { t } = useTranslation();
  const { money, count, date } = useFormat();
  const team = of.team_info;
  const limit = (it: number | null) => (it === null ? t("common.unlimited") : count(it));
  return (
    <>
      <Card>
        <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
          <Fact name={t("common.spend")} value={<BudgetBar spend={team.spend} budget={team.max_budget} resets={team.budget_duration ? team.budget_reset_at : null} />} />
          <Fact name={t("teams.altogether")} value={money(team.total_spend)} />
          <Fact name={t("keys.rpm")} value={limit(team.rpm_limit)} />
          <Fact name={t("keys.tpm")} value={limit(team.tpm_limit)} />
          <Fact name={t("common.models")} value={<Names names={team.models} none={t("keys.allModels")} />} />
          <Fact name={t("common.created")} value={date(team.created_at)} />
        </SimpleGrid>
      </Card>
      <Tabs defaultValue="members" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="members">{`${t("teams.members")} (${team.members_with_roles.length})`}</Tabs.Tab>
          <Tabs.Tab value="keys">{`${t("teams.keys")} (${of.keys.length})`}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="members">
          <MemberTable of={of} />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <TeamKeys of={of} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
