import { NumberInput, SimpleGrid, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import type { Limits } from "../api/keys";
import { number, text } from "./values";

/** Limits as they are typed. */
export interface LimitTexts extends Record<string, unknown> {
  max_budget: number | string;
  soft_budget: number | string;
  budget_duration: string;
  rpm_limit: number | string;
  tpm_limit: number | string;
  max_parallel_requests: number | string;
}

export function limitTexts(it: Partial<Limits> | null | undefined): LimitTexts {
  return {
    max_budget: it?.max_budget ?? "",
    soft_budget: it?.soft_budget ?? "",
    budget_duration: it?.budget_duration ?? "",
    rpm_limit: it?.rpm_limit ?? "",
    tpm_limit: it?.tpm_limit ?? "",
    max_parallel_requests: it?.max_parallel_requests ?? "",
  };
}

export function limitRequest(fields: LimitTexts): Record<string, unknown> {
  return {
    max_budget: number(fields.max_budget),
    soft_budget: number(fields.soft_budget),
    budget_duration: text(fields.budget_duration),
    rpm_limit: number(fields.rpm_limit),
    tpm_limit: number(fields.tpm_limit),
    max_parallel_requests: number(fields.max_parallel_requests),
  };
}

/** Money and rates, which keys, teams, users, organizations and customers are limited by. */
export function LimitFields<F extends LimitTexts>({ form }: { form: UseFormReturnType<F> }) {
  const { t } = useTranslation();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <NumberInput label={t("keys.maxBudget")} description={t("common.optionalHint")} min={0} decimalScale={6} {...form.getInputProps("max_budget")} />
      <TextInput label={t("keys.budgetDuration")} description={t("keys.durationHint")} {...form.getInputProps("budget_duration")} />
      <NumberInput label={t("keys.softBudget")} min={0} decimalScale={6} {...form.getInputProps("soft_budget")} />
      <NumberInput label={t("keys.parallel")} min={0} allowDecimal={false} {...form.getInputProps("max_parallel_requests")} />
      <NumberInput label={t("keys.rpm")} min={0} allowDecimal={false} {...form.getInputProps("rpm_limit")} />
      <NumberInput label={t("keys.tpm")} min={0} allowDecimal={false} {...form.getInputProps("tpm_limit")} />
    </SimpleGrid>
  );
}
