import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import classes from "./CopyField.module.css";

/** Text to be taken along, with a button for it. */
export function CopyField({ text, shown, block = false }: { text: string; shown?: string; block?: boolean }) {
  const { t } = useTranslation();
  return (
    <Group gap={4} wrap="nowrap" align={block ? "flex-start" : "center"}>
      <Code block={block} className={block ? classes.block : classes.line}>
        {shown ?? text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("common.copied") : t("common.copy")}>
            <ActionIcon variant="subtle" color={copied ? "teal" : "gray"} onClick={copy} aria-label={copied ? t("common.copied") : t("common.copy")}>
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
