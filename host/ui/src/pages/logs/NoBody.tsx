import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Call } from "../../api/logs";

/** In place of a body: it was not stored, or is not yet. */
export function NoBody({ of }: { of: Call }) {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed" role="status">
      {t(of.bodies_pending ? "logs.notYetStored" : "logs.notStored")}
    </Text>
  );
}
