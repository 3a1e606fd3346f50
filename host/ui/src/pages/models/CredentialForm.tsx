import { ActionIcon, Autocomplete, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Credential, useChangeCredential, useMakeCredential } from "../../api/models";
import { FormEnd } from "../../parts/FormEnd";
import { general, refuse } from "../../parts/refusals";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";

const KNOWN = ["api_key", "api_base", "api_version", "aws_access_key_id", "aws_secret_access_key", "aws_region_name", "vertex_credentials", "vertex_project", "client_id", "client_secret", "tenant_id"];

interface Fields extends Record<string, unknown> {
  credential_name: string;
  provider: string;
  credential_values: { name: string; value: string }[];
}

function fieldsOf(of: Credential | null): Fields {
  const names = of ? Object.keys(of.credential_values) : ["api_key"];
  return { credential_name: of?.credential_name ?? "", provider: String(of?.credential_info.custom_llm_provider ?? ""), credential_values: names.map((name) => ({ name, value: "" })) };
}

/** Values under a name. What is kept already is not known here: an empty field leaves it. */
export function CredentialForm({ of, onDone }: { of: Credential | null; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const [make, change] = [useMakeCredential(), useChangeCredential()];
  const form = useForm<Fields>({ initialValues: fieldsOf(of) });
  const submit = form.onSubmit(({ credential_name, provider, credential_values }) => {
    const values = credential_values.filter((it) => it.name.trim() && it.value).map((it) => [it.name.trim(), it.value] as const);
    const request = { credential_name: credential_name.trim(), credential_values: Object.fromEntries(values), ...(provider ? { credential_info: { custom_llm_provider: provider } } : {}) };
    const onSuccess = () => {
      done(t(of ? "common.saved" : "common.created_ok", { name: credential_name }));
      onDone();
    };
    (of ? change : make).mutate(request, { onSuccess, onError: (error) => refuse(form, error) });
  });
  const above = general(form, make.error ?? change.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("models.credentialName")} disabled={of !== null} data-autofocus {...form.getInputProps("credential_name")} />
        <TextInput label={t("models.provider")} description={t("common.optional")} {...form.getInputProps("provider")} />
        {of ? (
          <Text size="sm" c="dimmed">
            {t("models.secretsMasked")}
          </Text>
        ) : null}
        {form.values.credential_values.map((_, at) => (
          <Group key={at} align="flex-end" wrap="nowrap" gap="xs">
            <Autocomplete label={t("models.valueName")} data={KNOWN} {...form.getInputProps(`credential_values.${at}.name`)} />
            <PasswordInput label={t("models.value")} autoComplete="off" flex={1} {...form.getInputProps(`credential_values.${at}.value`)} />
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("common.remove")} onClick={() => form.removeListItem("credential_values", at)}>
              <IconX size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        {form.errors.credential_values ? (
          <Text size="sm" c="red">
            {form.errors.credential_values}
          </Text>
        ) : null}
        <div>
          <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => form.insertListItem("credential_values", { name: "", value: "" })}>
            {t("models.addValue")}
          </Button>
        </div>
        <FormEnd onCancel={onDone} pending={make.isPending || change.isPending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
