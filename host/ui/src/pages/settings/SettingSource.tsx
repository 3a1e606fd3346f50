import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Source } from "../../api/settings";
import { Tag } from "../../parts/Tag";

const COLOURS = { file: "blue", database: "cyan", environment: "grape", default: "gray" };

/** Where a value comes from, as exactly as the gateway says. */
export function SettingSource({ of }: { of: Source }) {
  const { t } = useTranslation();
  const exactly = of.path ?? (of.variable ? `${of.variable}${of.set_in ? ` (${of.set_in})` : ""}` : null);
  return (
    <>
      <Tag color={COLOURS[of.kind]}>{t(`settings.source_${of.kind}`)}</Tag>
      {exactly ? (
        <Text size="xs" c="dimmed" truncate maw={220} title={exactly}>
          {exactly}
        </Text>
      ) : null}
    </>
  );
}
