import { Autocomplete, Divider, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Customer, useChangeCustomer, useMakeCustomer } from "../../api/customers";
import { useModelNames } from "../../api/lookups";
import { FormEnd } from "../../parts/FormEnd";
import { LimitFields, limitRequest, limitTexts } from "../../parts/LimitFields";
import { ModelsField } from "../../parts/ModelsField";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { useRequestForm } from "../../parts/useRequestForm";
import { text } from "../../parts/values";

function fieldsOf(it: Customer | null) {
  return { user_id: it?.user_id ?? "", alias: it?.alias ?? "", models: it?.models ?? [], default_model: it?.default_model ?? "", allowed_model_region: it?.allowed_model_region ?? null, ...limitTexts(it?.litellm_budget_table) };
}

type Fields = ReturnType<typeof fieldsOf>;

const request = (fields: Fields) => ({ user_id: text(fields.user_id), alias: text(fields.alias), models: fields.models, default_model: text(fields.default_model), allowed_model_region: fields.allowed_model_region, ...limitRequest(fields) });

export function CustomerForm({ of, onDone }: { of: Customer | null; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const { data: models } = useModelNames();
  const [make, change] = [useMakeCustomer(), useChangeCustomer()];
  const { form, submit, above, pending } = useRequestForm<Fields, unknown>({
    initial: fieldsOf(of),
    request,
    of: of ? { user_id: of.user_id } : undefined,
    mutation: of ? change : make,
    onDone: (_, fields) => {
      done(t(of ? "common.saved" : "common.created_ok", { name: fields.alias || fields.user_id }));
      onDone();
    },
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={t("customers.id")} description={t("customers.idHint")} disabled={of !== null} data-autofocus {...form.getInputProps("user_id")} />
          <TextInput label={t("customers.alias")} description={t("common.optional")} {...form.getInputProps("alias")} />
          <Select label={t("customers.region")} description={t("common.optional")} clearable placeholder={t("customers.anyRegion")} data={(["eu", "us"] as const).map((value) => ({ value, label: t(`customers.region_${value}`) }))} {...form.getInputProps("allowed_model_region")} />
          <Autocomplete label={t("customers.defaultModel")} description={t("customers.defaultModelHint")} data={models ?? []} {...form.getInputProps("default_model")} />
        </SimpleGrid>
        <ModelsField {...form.getInputProps("models")} />
        <Divider label={t("teams.limits")} labelPosition="left" />
        <LimitFields form={form} />
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
