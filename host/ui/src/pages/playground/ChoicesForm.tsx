import { Accordion, Button, NumberInput, PasswordInput, Select, Stack, Switch, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Options } from "../../api/chat";
import { JsonField } from "../../parts/JsonField";
import { json, number, whyNotJson } from "../../parts/values";

/** What is chosen beside the model. */
export interface Choices {
  system: string;
  temperature: number | string;
  maxTokens: number | string;
  stream: boolean;
  tools: string;
  toolChoice: string;
  key: string;
}

export const FIRST: Choices = { system: "", temperature: "", maxTokens: "", stream: true, tools: "", toolChoice: "auto", key: "" };

const EXAMPLE = [{ type: "function", function: { name: "get_weather", description: "The weather of a city", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } }];

export function optionsOf(it: Choices, model: string): Options {
  const tools = whyNotJson(it.tools) === null ? json(it.tools) : null;
  return { model, system: it.system, temperature: number(it.temperature), maxTokens: number(it.maxTokens), stream: it.stream, tools: Array.isArray(tools) ? tools : null, toolChoice: it.toolChoice };
}

export function ChoicesForm({ value, onChange }: { value: Choices; onChange: (it: Choices) => void }) {
  const { t } = useTranslation();
  const set = (part: Partial<Choices>) => onChange({ ...value, ...part });
  const why = whyNotJson(value.tools);
  return (
    <Accordion variant="separated" order={3}>
      <Accordion.Item value="options">
        <Accordion.Control>{t("playground.options")}</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            <Textarea label={t("playground.system")} autosize minRows={2} maxRows={8} value={value.system} onChange={(event) => set({ system: event.currentTarget.value })} />
            <NumberInput label={t("playground.temperature")} min={0} max={2} step={0.1} value={value.temperature} onChange={(temperature) => set({ temperature })} />
            <NumberInput label={t("playground.maxTokens")} min={1} allowDecimal={false} value={value.maxTokens} onChange={(maxTokens) => set({ maxTokens })} />
            <Switch label={t("playground.stream")} checked={value.stream} onChange={(event) => set({ stream: event.currentTarget.checked })} />
            <PasswordInput label={t("playground.key")} description={t("playground.keyHint")} autoComplete="off" value={value.key} onChange={(event) => set({ key: event.currentTarget.value.trim() })} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="tools">
        <Accordion.Control>{t("playground.tools")}</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            <JsonField label={t("playground.tools")} description={t("playground.toolsHint")} value={value.tools} onChange={(tools) => set({ tools })} error={why ? t("common.notJson", { why }) : undefined} />
            <Button variant="default" size="xs" onClick={() => set({ tools: JSON.stringify(EXAMPLE, null, 2) })}>
              {t("playground.toolsExample")}
            </Button>
            <Select label={t("playground.toolChoice")} allowDeselect={false} value={value.toolChoice} onChange={(toolChoice) => toolChoice && set({ toolChoice })} data={(["auto", "required", "none"] as const).map((it) => ({ value: it, label: t(`playground.choice_${it}`) }))} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
