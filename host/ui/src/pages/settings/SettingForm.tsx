import { NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Section, type Setting, useOptions, useSetField } from "../../api/settings";
import { FormEnd } from "../../parts/FormEnd";
import { JsonField } from "../../parts/JsonField";
import { useSaid } from "../../parts/said";
import { whyNotJson } from "../../parts/values";
import { useTold } from "./told";

const MASK = "********";

const isTexts = (it: unknown) => Array.isArray(it) && it.every((one) => typeof one === "string");

type Kind = "number" | "flag" | "texts" | "json" | "text";

/** How a value is written: a list of anything but texts is JSON. */
function kindOf(it: Setting): Kind {
  switch (it.field_type) {
    case "Integer":
    case "Float":
      return "number";
    case "Boolean":
      return "flag";
    case "List":
      return isTexts(it.field_value ?? []) ? "texts" : "json";
    case "String":
      return "text";
    default:
      return "json";
  }
}

function first(of: Setting, kind: Kind): unknown {
  const value = of.field_value;
  if (kind === "json") return value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
  if (kind === "texts") return value ?? [];
  if (kind === "flag") return value ?? false;
  return value === null || value === undefined || value === MASK ? "" : value;
}

/** One setting, in a field of its type. What the gateway says of it stands under it. */
export function SettingForm({ section, of, onDone }: { section: Section; of: Setting; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const tell = useTold();
  const set = useSetField();
  const { data: options } = useOptions();
  const kind = kindOf(of);
  const [value, setValue] = useState<unknown>(() => first(of, kind));
  const why = kind === "json" ? whyNotJson(String(value)) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (why) return;
    const field_value = kind === "json" ? JSON.parse(String(value) || "null") : value === "" ? null : value;
    set.mutate(
      { config_type: section, field_name: of.field_name, field_value },
      {
        onSuccess: (answer) => {
          done(t("common.saved", { name: of.field_name }));
          tell(answer);
          onDone();
        },
      },
    );
  };
  const shared = { label: of.field_name, description: of.field_description, error: why ? t("common.notJson", { why }) : set.error?.message };
  const choices = section === "router_settings" ? options?.get(of.field_name) : null;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {of.field_value === MASK ? <Text size="sm">{t("settings.masked")}</Text> : null}
        {kind === "number" ? <NumberInput {...shared} allowDecimal={of.field_type === "Float"} value={value as number | string} onChange={setValue} /> : null}
        {kind === "flag" ? <Switch {...shared} checked={Boolean(value)} onChange={(event) => setValue(event.currentTarget.checked)} /> : null}
        {kind === "texts" ? <TagsInput {...shared} value={value as string[]} onChange={setValue} /> : null}
        {kind === "json" ? <JsonField {...shared} value={String(value)} onChange={setValue} /> : null}
        {kind === "text" && choices ? <Select {...shared} data={choices} value={String(value)} onChange={setValue} /> : null}
        {kind === "text" && !choices ? <TextInput {...shared} value={String(value)} onChange={(event) => setValue(event.currentTarget.value)} /> : null}
        {of.field_default_value === null || of.field_default_value === undefined ? null : (
          <Text size="sm" c="dimmed" className="wrap">
            {t("settings.defaultIs", { value: JSON.stringify(of.field_default_value) })}
          </Text>
        )}
        <FormEnd onCancel={onDone} pending={set.isPending} label={t("common.save")} />
      </Stack>
    </form>
  );
}
