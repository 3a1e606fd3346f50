import { Modal, Stack, Tabs, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { bodyOf, type Options, type Turn, turn } from "../../api/chat";
import { gatewayUrl } from "../../api/root";
import { CopyField } from "../../parts/CopyField";
import { type CodeLanguage, LANGUAGES, snippet } from "../../parts/snippets";

const PLACEHOLDER = "sk-...";

/** The conversation so far as a program would send it. */
export function CodeModal({ opened, onClose, turns, options }: { opened: boolean; onClose: () => void; turns: Turn[]; options: Options }) {
  const { t } = useTranslation();
  // The last word is the user's: what the model answered to it is not sent.
  const until = turns.findLastIndex((it) => it.role !== "assistant");
  const asked = until < 0 ? [turn("user", "hello")] : turns.slice(0, until + 1);
  const body = bodyOf(asked, options);
  return (
    <Modal opened={opened} onClose={onClose} size="xl" title={<Text fw={600}>{t("playground.code")}</Text>} closeButtonProps={{ "aria-label": t("common.close") }}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t("playground.codeLead")}
        </Text>
        <Tabs defaultValue="curl" keepMounted={false}>
          <Tabs.List mb="sm">
            {Object.entries(LANGUAGES).map(([value, name]) => (
              <Tabs.Tab key={value} value={value}>
                {name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {(Object.keys(LANGUAGES) as CodeLanguage[]).map((value) => (
            <Tabs.Panel key={value} value={value}>
              <CopyField text={snippet(value, gatewayUrl(), PLACEHOLDER, body)} block />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Stack>
    </Modal>
  );
}
