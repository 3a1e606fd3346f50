import { IconBan, IconEdit, IconLockOpen, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../../api/session";
import { type Team, useBlockTeam, useDeleteTeam } from "../../api/teams";
import { ActionMenu } from "../../parts/ActionMenu";
import { useSaid } from "../../parts/said";
import { useConfirm } from "../../parts/useConfirm";

/** Whether the caller runs this team: an admin of the gateway or of the team itself. */
export function useRuns(team: Pick<Team, "members_with_roles"> | undefined): boolean {
  const { admin, readsOnly, userId } = useStanding();
  const leads = team?.members_with_roles.some((it) => it.user_id === userId && it.role === "admin") ?? false;
  return admin || (leads && !readsOnly);
}

/** What may be done with a team. */
export function TeamMenu({ of, edit, onGone }: { of: Team; edit: () => void; onGone?: () => void }) {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const runs = useRuns(of);
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const [remove, block] = [useDeleteTeam(), useBlockTeam()];
  const name = of.team_alias ?? of.team_id;
  if (!runs) return null;
  const gone = () => {
    done(t("common.deleted", { name }));
    onGone?.();
  };
  const forAdmins = [
    { label: of.blocked ? t("common.unblock") : t("common.block"), icon: of.blocked ? IconLockOpen : IconBan, act: () => void block.mutateAsync({ id: of.team_id, blocked: !of.blocked }).catch(failed) },
    { label: t("common.delete"), icon: IconTrash, danger: true, act: () => confirm(t("common.delete"), t("teams.deleteLead", { name }), () => void remove.mutateAsync(of.team_id).then(gone, failed)) },
  ];
  return <ActionMenu name={name} actions={[{ label: t("common.edit"), icon: IconEdit, act: edit }, ...(admin ? forAdmins : [])]} />;
}
