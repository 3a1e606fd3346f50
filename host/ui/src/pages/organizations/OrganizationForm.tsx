import { Divider, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Organization, useChangeOrganization, useMakeOrganization } from "../../api/organizations";
import { FormEnd } from "../../parts/FormEnd";
import { JsonField } from "../../parts/JsonField";
import { LimitFields, limitRequest, limitTexts } from "../../parts/LimitFields";
import { ModelsField } from "../../parts/ModelsField";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { useRequestForm } from "../../parts/useRequestForm";
import { json, text, written } from "../../parts/values";

function fieldsOf(it: Organization | null) {
  return { organization_alias: it?.organization_alias ?? "", models: it?.models ?? [], metadata: written(it?.metadata), ...limitTexts(it?.litellm_budget_table) };
}

type Fields = ReturnType<typeof fieldsOf>;

const request = (fields: Fields) => ({ organization_alias: text(fields.organization_alias), models: fields.models, metadata: json(fields.metadata) ?? {}, ...limitRequest(fields) });

export function OrganizationForm({ of, onDone }: { of: Organization | null; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const [make, change] = [useMakeOrganization(), useChangeOrganization()];
  const { form, submit, above, pending } = useRequestForm<Fields, unknown>({
    initial: fieldsOf(of),
    request,
    of: of ? { organization_id: of.organization_id } : undefined,
    mutation: of ? change : make,
    json: ["metadata"],
    onDone: (_, fields) => {
      done(t(of ? "common.saved" : "common.created_ok", { name: fields.organization_alias }));
      onDone();
    },
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("organizations.alias")} data-autofocus {...form.getInputProps("organization_alias")} />
        <ModelsField {...form.getInputProps("models")} />
        <Divider label={t("teams.limits")} labelPosition="left" />
        <LimitFields form={form} />
        <JsonField label={t("keys.metadata")} description={t("keys.metadataHint")} {...form.getInputProps("metadata")} />
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
