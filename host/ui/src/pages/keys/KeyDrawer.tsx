import { Alert, Drawer, Stack, Text } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { CopyField } from "../../parts/CopyField";
import { KeyForm } from "./KeyForm";
import type { Opened } from "./Keys";

/** A new key or a change of one; of a new one its text, this once. */
export function KeyDrawer({ opened, onClose }: { opened: Opened; onClose: () => void }) {
  const { t } = useTranslation();
  const [made, setMade] = useState<string | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  const title = opened === "new" || opened === null ? t("keys.make") : t("keys.editTitle", { name: opened.key_alias ?? opened.key_name });
  return (
    <Drawer opened={opened !== null} onClose={close} position="right" size="lg" title={<Text fw={600}>{made ? t("keys.made") : title}</Text>} closeButtonProps={{ "aria-label": t("common.close") }}>
      {made ? <MadeKey text={made} /> : opened ? <KeyForm of={opened === "new" ? null : opened} onMade={setMade} onDone={close} /> : null}
    </Drawer>
  );
}

/** The text of a key that was just made. */
export function MadeKey({ text }: { text: string }) {
  const { t } = useTranslation();
  const snippet = `curl ${location.origin}/v1/chat/completions \\
  -H "Authorization: Bearer ${text}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "demo", "messages": [{"role": "user", "content": "hello"}]}'`;
  return (
    <Stack>
      <Alert color="teal" icon={<IconShieldCheck aria-hidden />}>
        {t("keys.madeLead")}
      </Alert>
      <CopyField text={text} block />
      <Text fw={600}>{t("keys.snippet")}</Text>
      <CopyField text={snippet} block />
    </Stack>
  );
}
