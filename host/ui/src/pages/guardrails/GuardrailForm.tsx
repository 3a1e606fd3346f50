import { Autocomplete, Divider, MultiSelect, NumberInput, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { type Guardrail, useChangeGuardrail, useMakeGuardrail } from "../../api/guardrails";
import type { Hook } from "../../api/plugins";
import { FormEnd } from "../../parts/FormEnd";
import { JsonField } from "../../parts/JsonField";
import { general, refuse } from "../../parts/refusals";
import { useSaid } from "../../parts/said";
import { SchemaFields } from "../../parts/SchemaFields";
import { SecretFields } from "../../parts/SecretFields";
import { Failed } from "../../parts/States";
import { whyNotJson } from "../../parts/values";
import { type Fields, fieldsOf, MODES, requestOf, schemaOf, secretsOf } from "./fields";

/** A guardrail: the form is made of what its plugin says of itself. */
export function GuardrailForm({ of, hooks, onDone }: { of: Guardrail | null; hooks: Hook[]; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const [make, change] = [useMakeGuardrail(), useChangeGuardrail()];
  const needed = (it: string) => (it.trim() ? null : t("login.required"));
  const form = useForm<Fields>({
    initialValues: fieldsOf(of, hooks),
    validate: {
      guardrail_name: needed,
      guardrail: needed,
      mode: (it) => (it?.length === 0 ? t("login.required") : null),
      others: (it) => {
        const why = whyNotJson(it);
        return why ? t("common.notJson", { why }) : null;
      },
    },
  });
  const hook = hooks.find((it) => it.name === form.values.guardrail);
  const schema = schemaOf(hook);
  const submit = form.onSubmit((fields) => {
    const guardrail = requestOf(fields, schema, of);
    const onError = (error: Error) => refuse(form, error);
    const onSuccess = () => {
      done(t(of ? "common.saved" : "common.created_ok", { name: fields.guardrail_name }));
      onDone();
    };
    if (of?.guardrail_id) change.mutate({ id: of.guardrail_id, guardrail }, { onSuccess, onError });
    else make.mutate(guardrail, { onSuccess, onError });
  });
  const above = general(form, make.error ?? change.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("common.name")} description={t("guardrails.nameHint")} data-autofocus {...form.getInputProps("guardrail_name")} />
        <Autocomplete label={t("guardrails.kind")} description={t("guardrails.kindHint")} data={hooks.map((it) => it.name)} {...form.getInputProps("guardrail")} />
        {form.values.mode === null ? null : <MultiSelect label={t("guardrails.mode")} data={MODES.map((value) => ({ value, label: t(`guardrails.${value as "pre_call"}`) }))} {...form.getInputProps("mode")} />}
        <Switch label={t("guardrails.defaultOn")} {...form.getInputProps("default_on", { type: "checkbox" })} />
        <Switch label={t("guardrails.failOpenLabel")} description={t("guardrails.failOpenHint")} {...form.getInputProps("fails_open", { type: "checkbox" })} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput label={t("guardrails.timeoutSeconds")} min={0} placeholder="10" {...form.getInputProps("timeout")} />
          <TextInput label={t("models.apiBase")} placeholder={typeof hook?.asks.base_url === "string" ? hook.asks.base_url : undefined} {...form.getInputProps("api_base")} />
        </SimpleGrid>
        <SecretFields of={secretsOf(hook)} values={form.values.secrets} onChange={(secrets) => form.setFieldValue("secrets", secrets)} />
        {schema.properties && Object.keys(schema.properties).length > 0 ? (
          <>
            <Divider label={t("guardrails.settings")} labelPosition="left" />
            <SchemaFields schema={schema} values={form.values.own} onChange={(own) => form.setFieldValue("own", own)} />
          </>
        ) : null}
        <JsonField label={t("models.others")} description={t("models.othersHint")} {...form.getInputProps("others")} />
        <FormEnd onCancel={onDone} pending={make.isPending || change.isPending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
