import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Checked, Doing } from "../../api/models";
import { useFormat } from "../../parts/format";
import { Tag } from "../../parts/Tag";

/** Whether a deployment takes calls, and if not, why. */
export function DeploymentState({ doing, checked, blocked }: { doing: Doing | undefined; checked: Checked | undefined; blocked: boolean }) {
  const { t } = useTranslation();
  const { time } = useFormat();
  if (blocked) return <Tag color="red">{t("models.blockedModel")}</Tag>;
  if (!doing) return t("models.unknownState");
  if (doing.rests_until_ms !== null) {
    return (
      <>
        <Tag color="orange">{t("models.rests")}</Tag>
        <Text size="xs" c="dimmed">
          {t("models.until", { time: time(doing.rests_until_ms) })}
        </Text>
      </>
    );
  }
  if (!doing.ready) return <Tag color="red">{t("models.notReady")}</Tag>;
  if (checked?.status === "unhealthy") {
    return (
      <Tag color="red" title={checked.error_message ?? undefined}>
        {t("models.sick")}
      </Tag>
    );
  }
  return <Tag color="teal">{t("models.ready")}</Tag>;
}
