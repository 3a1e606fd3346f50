import { NumberInput, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { JsonField } from "../../parts/JsonField";
import type { Fields } from "./fields";

/** What a key may spend. */
export function KeyMoney({ form, admin }: { form: UseFormReturnType<Fields>; admin: boolean }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput label={t("keys.maxBudget")} min={0} decimalScale={6} {...form.getInputProps("max_budget")} />
        <NumberInput label={t("keys.softBudget")} min={0} decimalScale={6} {...form.getInputProps("soft_budget")} />
        <TextInput label={t("keys.budgetDuration")} description={t("keys.durationHint")} {...form.getInputProps("budget_duration")} />
        <TextInput label={t("keys.budgetId")} description={t("common.optional")} {...form.getInputProps("budget_id")} />
      </SimpleGrid>
      {admin ? (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput label={t("keys.moreBudget")} min={0} decimalScale={6} {...form.getInputProps("temp_budget_increase")} />
          <TextInput label={t("keys.moreUntil")} description={t("keys.moreUntilHint")} {...form.getInputProps("temp_budget_expiry")} />
        </SimpleGrid>
      ) : null}
      <JsonField label={t("keys.windows")} description={t("keys.windowsHint")} {...form.getInputProps("budget_limits")} />
      <JsonField label={t("keys.modelBudgets")} description={t("keys.modelBudgetsHint")} {...form.getInputProps("model_max_budget")} />
      <JsonField label={t("keys.fallbacks")} description={t("keys.fallbacksHint")} {...form.getInputProps("budget_fallbacks")} />
      <Switch label={t("keys.throttle")} {...form.getInputProps("throttle_on_budget_exceeded", { type: "checkbox" })} />
    </Stack>
  );
}
