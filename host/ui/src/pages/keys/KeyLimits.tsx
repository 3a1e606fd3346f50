import { NumberInput, Select, SimpleGrid, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { JsonField } from "../../parts/JsonField";
import type { Fields } from "./fields";

const SHARES = { guaranteed_throughput: "shareGuaranteed", best_effort_throughput: "shareBest", dynamic: "shareDynamic" } as const;

/** How much at once, in a minute and in a day. */
export function KeyLimits({ form }: { form: UseFormReturnType<Fields> }) {
  const { t } = useTranslation();
  const shares = (Object.keys(SHARES) as (keyof typeof SHARES)[]).map((value) => ({ value, label: t(`keys.${SHARES[value]}`) }));
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput label={t("keys.rpm")} min={0} allowDecimal={false} {...form.getInputProps("rpm_limit")} />
        <NumberInput label={t("keys.tpm")} min={0} allowDecimal={false} {...form.getInputProps("tpm_limit")} />
        <NumberInput label={t("keys.tpd")} min={0} allowDecimal={false} {...form.getInputProps("tpd_limit")} />
        <NumberInput label={t("keys.parallel")} min={0} allowDecimal={false} {...form.getInputProps("max_parallel_requests")} />
        <Select label={t("keys.rpmShare")} clearable data={shares} {...form.getInputProps("rpm_limit_type")} />
        <Select label={t("keys.tpmShare")} clearable data={shares} {...form.getInputProps("tpm_limit_type")} />
      </SimpleGrid>
      <JsonField label={t("keys.modelRpm")} description={t("keys.modelLimitHint")} {...form.getInputProps("model_rpm_limit")} />
      <JsonField label={t("keys.modelTpm")} description={t("keys.modelLimitHint")} {...form.getInputProps("model_tpm_limit")} />
      <JsonField label={t("keys.tagRpm")} description={t("keys.tagLimitHint")} {...form.getInputProps("tag_rpm_limit")} />
    </Stack>
  );
}
