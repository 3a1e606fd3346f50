import { Alert, Button, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { IconCheck, IconPlugConnected } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useTest } from "../../api/models";
import type { Schema } from "../../api/plugins";
import { useFormat } from "../../parts/format";
import { refuse } from "../../parts/refusals";
import { Failed } from "../../parts/States";
import { said } from "../../parts/values";
import { type Fields, MASK, paramsOf } from "./fields";

/** Asks the provider before anything is kept. */
export function TestConnection({ form, schema }: { form: UseFormReturnType<Fields>; schema: Schema }) {
  const { t } = useTranslation();
  const { duration } = useFormat();
  const test = useTest();
  const ask = () => {
    const found = form.validate();
    if (found.hasErrors) return;
    const params = Object.entries(said(paramsOf(form.values, schema))).filter(([, value]) => value !== MASK);
    test.mutate({ litellm_params: Object.fromEntries(params), ...(form.values.mode ? { mode: form.values.mode } : {}) }, { onError: (error) => refuse(form, error) });
  };
  const result = test.data?.result;
  return (
    <Stack gap="xs">
      <div>
        <Button variant="default" leftSection={<IconPlugConnected size={16} aria-hidden />} loading={test.isPending} onClick={ask}>
          {t("models.test")}
        </Button>
      </div>
      {test.error ? <Failed error={test.error} /> : null}
      {result && test.data?.status === "success" ? (
        <Alert color="teal" icon={<IconCheck aria-hidden />} role="status">
          {t("models.testOk", { time: duration(result.response_time_ms) })}
        </Alert>
      ) : null}
      {result?.error ? <Failed error={new Error(result.error)} /> : null}
    </Stack>
  );
}
