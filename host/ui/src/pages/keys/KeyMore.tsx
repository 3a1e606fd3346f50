import { Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { JsonField } from "../../parts/JsonField";
import type { Fields } from "./fields";

/** What few keys have. */
export function KeyMore({ form, isNew, admin }: { form: UseFormReturnType<Fields>; isNew: boolean; admin: boolean }) {
  const { t } = useTranslation();
  return (
    <Stack>
      {isNew ? <TextInput label={t("keys.ownText")} description={t("keys.ownTextHint")} autoComplete="off" {...form.getInputProps("key")} /> : null}
      <TagsInput label={t("keys.guardrails")} {...form.getInputProps("guardrails")} />
      <Switch label={t("keys.noGlobal")} {...form.getInputProps("disable_global_guardrails", { type: "checkbox" })} />
      <TagsInput label={t("keys.enforced")} {...form.getInputProps("enforced_params")} />
      <TagsInput label={t("keys.groups")} {...form.getInputProps("access_group_ids")} />
      <JsonField label={t("keys.aliases")} description={t("keys.aliasesHint")} {...form.getInputProps("aliases")} />
      <Switch label={t("keys.rotateItself")} {...form.getInputProps("auto_rotate", { type: "checkbox" })} />
      {form.values.auto_rotate ? <TextInput label={t("keys.rotateEvery")} description={t("keys.durationHint")} {...form.getInputProps("rotation_interval")} /> : null}
      <TagsInput label={t("keys.cacheControls")} description={t("keys.cacheControlsHint")} {...form.getInputProps("allowed_cache_controls")} />
      <JsonField label={t("keys.router")} description={t("keys.routerHint")} {...form.getInputProps("router_settings")} />
      {admin ? <JsonField label={t("keys.permissions")} description={t("keys.permissionsHint")} {...form.getInputProps("permissions")} /> : null}
      <JsonField label={t("keys.metadata")} description={t("keys.metadataHint")} {...form.getInputProps("metadata")} />
    </Stack>
  );
}
