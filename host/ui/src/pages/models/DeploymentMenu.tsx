import { IconBan, IconEdit, IconLockOpen, IconStethoscope, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Deployment, useBlockModel, useCheck, useDeleteModel } from "../../api/models";
import { type Action, ActionMenu } from "../../parts/ActionMenu";
import { useFormat } from "../../parts/format";
import { useSaid } from "../../parts/said";
import { useConfirm } from "../../parts/useConfirm";

/** What may be done with a deployment; those of the file are changed in the file. */
export function DeploymentMenu({ of, edit }: { of: Deployment; edit: () => void }) {
  const { t } = useTranslation();
  const { duration } = useFormat();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const [check, block, remove] = [useCheck(), useBlockModel(), useDeleteModel()];
  const name = `${of.model_name} (${of.litellm_params.model})`;
  const id = of.model_info.id;
  const checkIt = () =>
    check.mutate(id, {
      onSuccess: (it) => {
        const [well] = it.healthy_endpoints;
        const why = [...it.unhealthy_endpoints, ...it.unchecked_endpoints][0]?.error ?? "";
        return well ? done(t("models.checked", { time: duration(well.response_time_ms ?? 0) })) : failed(new Error(t("models.checkFailed", { why })));
      },
      onError: failed,
    });
  const deleteIt = () => confirm(t("common.delete"), t("models.deleteLead", { name }), () => void remove.mutateAsync(id).then(() => done(t("common.deleted", { name })), failed));
  const checkAction: Action = { label: t("models.check"), icon: IconStethoscope, act: () => confirm(t("models.check"), t("models.checkLead"), checkIt) };
  const blocked = of.model_info.blocked ?? false;
  const own: Action[] = [
    { label: t("common.edit"), icon: IconEdit, act: edit },
    { label: blocked ? t("common.unblock") : t("common.block"), icon: blocked ? IconLockOpen : IconBan, act: () => void block.mutateAsync({ id, blocked: !blocked }).catch(failed) },
    { label: t("common.delete"), icon: IconTrash, act: deleteIt, danger: true },
  ];
  return <ActionMenu name={name} actions={[...(blocked ? [] : [checkAction]), ...(of.model_info.db_model ? own : [])]} />;
}
