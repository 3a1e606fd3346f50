import { modals } from "@mantine/modals";
import { IconEdit, IconMail, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../../api/session";
import { type User, useDeleteUser, useInvite } from "../../api/users";
import { ActionMenu } from "../../parts/ActionMenu";
import { useSaid } from "../../parts/said";
import { useConfirm } from "../../parts/useConfirm";
import { InvitationText } from "./InvitationText";
import { userName } from "./Users";

/** What may be done with a user. */
export function UserMenu({ of, edit }: { of: User; edit: () => void }) {
  const { t } = useTranslation();
  const { admin, userId } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const [remove, invite] = [useDeleteUser(), useInvite()];
  const name = userName(of);
  if (!admin) return null;
  const inviteThem = () =>
    invite.mutate(of.user_id, {
      onSuccess: (it) => modals.open({ title: t("users.inviteTitle", { name }), children: <InvitationText of={it} />, size: "lg", closeButtonProps: { "aria-label": t("common.close") } }),
      onError: failed,
    });
  const deleteThem = () => confirm(t("common.delete"), t("users.deleteLead", { name }), () => void remove.mutateAsync(of.user_id).then(() => done(t("common.deleted", { name })), failed));
  return (
    <ActionMenu
      name={name}
      actions={[
        { label: t("common.edit"), icon: IconEdit, act: edit },
        { label: t("users.invite"), icon: IconMail, act: inviteThem },
        // Nobody deletes themselves.
        ...(of.user_id === userId ? [] : [{ label: t("common.delete"), icon: IconTrash, danger: true, act: deleteThem }]),
      ]}
    />
  );
}
