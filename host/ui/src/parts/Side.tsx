import { Drawer, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** A drawer at the side: a form, or all that is known of one thing. */
export function Side({ opened, onClose, title, size = "lg", children }: { opened: boolean; onClose: () => void; title: string; size?: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size={size} title={<Text fw={600}>{title}</Text>} closeButtonProps={{ "aria-label": t("common.close") }}>
      {opened ? children : null}
    </Drawer>
  );
}
