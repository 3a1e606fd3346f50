import { Autocomplete, Divider, PasswordInput, SegmentedControl, Select, TextInput, useMatches } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { useCredentials } from "../../api/models";
import type { Provider } from "../../api/plugins";
import { SecretFields } from "../../parts/SecretFields";
import { type Fields, secretsOf } from "./fields";

const WAYS = ["stored", "env", "value", "none"] as const;

/** How a deployment proves itself to its provider: by reference where possible. */
export function ModelAccess({ form, provider }: { form: UseFormReturnType<Fields>; provider: Provider | undefined }) {
  const { t } = useTranslation();
  // The four words do not fit beside each other on a phone.
  const orientation = useMatches({ base: "vertical" as const, xs: "horizontal" as const });
  const { data: credentials } = useCredentials();
  const { way } = form.values;
  return (
    <>
      <Divider label={t("models.access")} labelPosition="left" />
      <SegmentedControl aria-label={t("models.access")} orientation={orientation} fullWidth={orientation === "vertical"} data={WAYS.map((value) => ({ value, label: t(`models.way_${value}`) }))} {...form.getInputProps("way")} />
      {way === "stored" ? <Select label={t("models.credential")} searchable data={(credentials ?? []).map((it) => it.credential_name)} {...form.getInputProps("litellm_credential_name")} /> : null}
      {way === "env" ? <Autocomplete label={t("models.variable")} description={t("models.variableHint")} data={provider?.asks.env ?? []} {...form.getInputProps("variable")} /> : null}
      {way === "value" ? <PasswordInput label={t("models.apiKey")} description={t("models.keptSecret")} autoComplete="off" {...form.getInputProps("api_key")} /> : null}
      {way === "value" ? <SecretFields of={secretsOf(provider)} values={form.values.secrets} onChange={(secrets) => form.setFieldValue("secrets", secrets)} /> : null}
      <TextInput label={t("models.apiBase")} description={t("models.apiBaseHint")} placeholder={typeof provider?.asks.base_url === "string" ? provider.asks.base_url : undefined} {...form.getInputProps("api_base")} />
    </>
  );
}
