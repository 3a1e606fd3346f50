import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

/** Short notes about what was done, or why not. */
export function useSaid() {
  const { t } = useTranslation();
  return {
    done: (message: string) => void notifications.show({ color: "teal", message }),
    failed: (error: Error) => void notifications.show({ color: "red", title: t("common.failed"), message: error.message }),
  };
}
