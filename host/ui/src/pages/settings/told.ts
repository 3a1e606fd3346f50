import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

import type { Changed } from "../../api/settings";

/** Says what the gateway has to say of a change that it took over. */
export function useTold() {
  const { t } = useTranslation();
  return (answer: Changed | null) => {
    for (const message of answer?.warnings ?? []) notifications.show({ color: "orange", title: t("settings.warnings"), message, autoClose: 10_000 });
  };
}
