import { Autocomplete, Divider, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { useModelNames } from "../../api/lookups";
import { type Deployment, useChangeModel, useMakeModel } from "../../api/models";
import { type Provider, usePlugins } from "../../api/plugins";
import { FormEnd } from "../../parts/FormEnd";
import { general, refuse } from "../../parts/refusals";
import { useSaid } from "../../parts/said";
import { SchemaFields } from "../../parts/SchemaFields";
import { Failed, Waiting } from "../../parts/States";
import { changed, said, whyNotJson } from "../../parts/values";
import { type Fields, fieldsOf, goneOf, paramsOf, schemaOf } from "./fields";
import { ModelAccess } from "./ModelAccess";
import { ModelRouting } from "./ModelRouting";
import { TestConnection } from "./TestConnection";

/** A deployment: the form is made of what the provider's plugin says of itself. */
export function ModelForm({ of, onDone }: { of: Deployment | null; onDone: () => void }) {
  const { data, error, isPending, refetch } = usePlugins();
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (isPending) return <Waiting />;
  const providers = data.plugins.flatMap((it) => it.providers).toSorted((a, b) => (a.title || a.name).localeCompare(b.title || b.name));
  return <OverProviders of={of} providers={providers} onDone={onDone} />;
}

function OverProviders({ of, providers, onDone }: { of: Deployment | null; providers: Provider[]; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const { data: groups } = useModelNames();
  const [make, change] = [useMakeModel(), useChangeModel()];
  const before = fieldsOf(of, providers);
  const needed = (it: string) => (it.trim() ? null : t("login.required"));
  const form = useForm<Fields>({
    initialValues: before,
    validate: {
      model_name: needed,
      provider: needed,
      model: needed,
      others: (it) => {
        const why = whyNotJson(it);
        return why ? t("common.notJson", { why }) : null;
      },
    },
  });
  const provider = providers.find((it) => it.name === form.values.provider);
  const schema = schemaOf(provider);
  const onError = (cause: Error) => refuse(form, cause);
  const onSuccess = () => {
    done(t(of ? "common.saved" : "common.created_ok", { name: form.values.model_name }));
    onDone();
  };
  const submit = form.onSubmit((fields) => {
    const params = paramsOf(fields, schema);
    if (!of) {
      const info = said({ mode: fields.mode, team_id: fields.team_id });
      return make.mutate({ model_name: fields.model_name.trim(), litellm_params: said(params), model_info: info }, { onSuccess, onError });
    }
    const changes = { ...changed(params, paramsOf(before, schemaOf(providers.find((it) => it.name === before.provider)))), ...goneOf(before, fields) };
    return change.mutate({ model_name: fields.model_name.trim(), litellm_params: changes, model_info: { id: of.model_info.id, ...(fields.mode === before.mode ? {} : { mode: fields.mode }) } }, { onSuccess, onError });
  });
  const above = general(form, make.error ?? change.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <Autocomplete label={t("models.group")} description={t("models.groupHint")} data={groups ?? []} data-autofocus {...form.getInputProps("model_name")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select label={t("models.provider")} searchable allowDeselect={false} data={providers.map((it) => ({ value: it.name, label: it.title && it.title !== it.name ? `${it.title} (${it.name})` : it.name }))} {...form.getInputProps("provider")} />
          <TextInput label={t("models.model")} description={t("models.modelHint")} {...form.getInputProps("model")} />
        </SimpleGrid>
        <ModelAccess form={form} provider={provider} />
        {schema.properties && Object.keys(schema.properties).length > 0 ? (
          <>
            <Divider label={t("models.ownSettings")} labelPosition="left" />
            <SchemaFields schema={schema} values={form.values.own} onChange={(own) => form.setFieldValue("own", own)} />
          </>
        ) : null}
        <ModelRouting form={form} isNew={of === null} />
        <TestConnection form={form} schema={schema} />
        <FormEnd onCancel={onDone} pending={make.isPending || change.isPending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
