import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useTranslation } from "react-i18next";

/** Asks before something that cannot be taken back. */
export function useConfirm() {
  const { t } = useTranslation();
  return (title: string, lead: string, act: () => void) =>
    modals.openConfirmModal({
      title,
      children: <Text size="sm">{lead}</Text>,
      labels: { confirm: title, cancel: t("common.cancel") },
      confirmProps: { color: "red" },
      closeButtonProps: { "aria-label": t("common.close") },
      onConfirm: act,
    });
}
