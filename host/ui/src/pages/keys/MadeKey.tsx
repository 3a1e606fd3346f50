import { Alert, Button, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useModelNames } from "../../api/lookups";
import { gatewayUrl } from "../../api/root";
import { CopyField } from "../../parts/CopyField";
import { LANGUAGES, snippet } from "../../parts/snippets";

/** The text of a key that was just made, and a first call with it. */
export function MadeKey({ text, onDone }: { text: string; onDone: () => void }) {
  const { t } = useTranslation();
  const { data: models } = useModelNames();
  const body = { model: models?.[0] ?? "demo", messages: [{ role: "user", content: "hello" }] };
  return (
    <Stack>
      <Alert color="teal" icon={<IconShieldCheck aria-hidden />}>
        {t("keys.madeLead")}
      </Alert>
      <CopyField text={text} block />
      <Text fw={600}>{t("keys.snippet")}</Text>
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List mb="sm">
          {Object.entries(LANGUAGES).map(([value, name]) => (
            <Tabs.Tab key={value} value={value}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).map((value) => (
          <Tabs.Panel key={value} value={value}>
            <CopyField text={snippet(value, gatewayUrl(), text, body)} block />
          </Tabs.Panel>
        ))}
      </Tabs>
      <Group justify="flex-end">
        <Button onClick={onDone}>{t("common.done")}</Button>
      </Group>
    </Stack>
  );
}
