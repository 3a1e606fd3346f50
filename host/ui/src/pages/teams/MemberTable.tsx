import { Button, Group, Stack, Text } from "@mantine/core";
import { IconEdit, IconUserMinus, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Seat, type TeamDetail, useRemoveMember } from "../../api/teams";
import { ActionMenu } from "../../parts/ActionMenu";
import { BudgetBar } from "../../parts/BudgetBar";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";
import { MemberForm } from "./MemberForm";
import { useRuns } from "./TeamMenu";

/** Who is in a team, as what, and what they spent in it. */
export function MemberTable({ of }: { of: TeamDetail }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const remove = useRemoveMember();
  const runs = useRuns(of.team_info);
  const [opened, setOpened] = useState<null | "new" | Seat>(null);
  const membership = (seat: Seat) => of.team_memberships.find((it) => it.user_id === seat.user_id);
  const removeIt = (seat: Seat) => {
    const name = seat.user_email ?? seat.user_id;
    confirm(t("common.remove"), t("teams.removeLead", { name }), () => void remove.mutateAsync({ team_id: of.team_id, user_id: seat.user_id }).then(() => done(t("teams.removed", { name })), failed));
  };
  const columns: Column<Seat>[] = [
    {
      title: t("teams.member"),
      show: (seat) => (
        <>
          <Text size="sm" fw={550}>
            {seat.user_email ?? seat.user_id}
          </Text>
          {seat.user_email ? (
            <Text size="xs" c="dimmed">
              {seat.user_id}
            </Text>
          ) : null}
        </>
      ),
    },
    { title: t("teams.role"), show: (seat) => <Tag color={seat.role === "admin" ? "cyan" : "gray"}>{t(`teams.role_${seat.role}`)}</Tag> },
    {
      title: t("common.spend"),
      show: (seat) => {
        const own = membership(seat);
        return own ? <BudgetBar spend={own.spend} budget={own.litellm_budget_table?.max_budget ?? null} resets={own.litellm_budget_table?.budget_reset_at ?? null} /> : "—";
      },
    },
  ];
  if (runs) {
    columns.push({
      title: t("common.actions"),
      quiet: true,
      show: (seat) => (
        <ActionMenu
          name={seat.user_email ?? seat.user_id}
          actions={[
            { label: t("common.edit"), icon: IconEdit, act: () => setOpened(seat) },
            { label: t("common.remove"), icon: IconUserMinus, danger: true, act: () => removeIt(seat) },
          ]}
        />
      ),
    });
  }
  const seat = opened === "new" ? null : opened;
  return (
    <Stack>
      <Side opened={opened !== null} onClose={() => setOpened(null)} title={seat ? (seat.user_email ?? seat.user_id) : t("teams.addMember")} size="md">
        <MemberForm team={of.team_id} of={seat} limits={seat ? membership(seat)?.litellm_budget_table : null} onDone={() => setOpened(null)} />
      </Side>
      {runs ? (
        <Group justify="flex-end">
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
            {t("teams.addMember")}
          </Button>
        </Group>
      ) : null}
      <Rows name={t("teams.members")} rows={of.team_info.members_with_roles} columns={columns} id={(seat) => seat.user_id} empty={<Empty title={t("teams.noMembers")} />} wide="narrow" />
    </Stack>
  );
}
