import { NumberInput, SimpleGrid, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { JsonField } from "../../parts/JsonField";
import type { Fields } from "./fields";

/** How much at once, in a minute and in a day. */
export function KeyLimits({ form }: { form: UseFormReturnType<Fields> }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput label={t("keys.rpm")} min={0} allowDecimal={false} {...form.getInputProps("rpm_limit")} />
        <NumberInput label={t("keys.tpm")} min={0} allowDecimal={false} {...form.getInputProps("tpm_limit")} />
        <NumberInput label={t("keys.tpd")} min={0} allowDecimal={false} {...form.getInputProps("tpd_limit")} />
        <NumberInput label={t("keys.parallel")} min={0} allowDecimal={false} {...form.getInputProps("max_parallel_requests")} />
      </SimpleGrid>
      <JsonField label={t("keys.modelRpm")} description={t("keys.modelLimitHint")} {...form.getInputProps("model_rpm_limit")} />
      <JsonField label={t("keys.modelTpm")} description={t("keys.modelLimitHint")} {...form.getInputProps("model_tpm_limit")} />
    </Stack>
  );
}
