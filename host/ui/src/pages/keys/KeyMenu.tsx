import { modals } from "@mantine/modals";
import { IconBan, IconEdit, IconLockOpen, IconReceiptRefund, IconRotate, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Key, useBlockKey, useDeleteKey, useResetKeySpend } from "../../api/keys";
import { useStanding } from "../../api/session";
import { type Action, ActionMenu } from "../../parts/ActionMenu";
import { useSaid } from "../../parts/said";
import { useConfirm } from "../../parts/useConfirm";
import { RotateKey } from "./RotateKey";

/** What may be done with a key. */
export function KeyMenu({ of, edit }: { of: Key; edit: () => void }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const { admin, readsOnly } = useStanding();
  const confirm = useConfirm();
  const [remove, block, reset] = [useDeleteKey(), useBlockKey(), useResetKeySpend()];
  const name = of.key_alias ?? of.key_name;
  if (readsOnly) return null;
  const rotate = () => modals.open({ title: t("keys.rotate"), children: <RotateKey of={of} />, size: "lg", closeButtonProps: { "aria-label": t("common.close") } });
  const deleteIt = () => confirm(t("common.delete"), t("keys.deleteLead", { name }), () => void remove.mutateAsync(of.token).then(() => done(t("keys.deleted", { name })), failed));
  const resetIt = () => confirm(t("keys.resetSpend"), t("keys.resetLead", { name }), () => void reset.mutateAsync(of.token).then(() => done(t("keys.resetDone", { name })), failed));
  const forAdmins: Action[] = [
    { label: of.blocked ? t("keys.unblock") : t("keys.block"), icon: of.blocked ? IconLockOpen : IconBan, act: () => void block.mutateAsync({ key: of.token, blocked: !of.blocked }).catch(failed) },
    { label: t("keys.resetSpend"), icon: IconReceiptRefund, act: resetIt },
  ];
  const actions: Action[] = [
    { label: t("common.edit"), icon: IconEdit, act: edit },
    { label: t("keys.rotate"), icon: IconRotate, act: rotate },
    ...(admin ? forAdmins : []),
    { label: t("common.delete"), icon: IconTrash, act: deleteIt, danger: true },
  ];
  return <ActionMenu name={name} actions={actions} />;
}
