import { Alert, Button, Card, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Applied, type Guardrail, useApply } from "../../api/guardrails";
import { ApiError } from "../../api/client";
import { CopyField } from "../../parts/CopyField";
import { refuse } from "../../parts/refusals";
import { Failed } from "../../parts/States";

/** What a guardrail makes of a text. */
export function TryGuardrail({ of }: { of: Guardrail[] }) {
  const { t } = useTranslation();
  const apply = useApply();
  const form = useForm({ initialValues: { guardrail_name: of[0]?.guardrail_name ?? "", text: "" } });
  const submit = form.onSubmit((fields) => apply.mutate(fields, { onError: (error) => refuse(form, error) }));
  const blocked = apply.error instanceof ApiError && apply.error.status === 400 && !apply.error.field;
  return (
    <Card>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text fw={600}>{t("guardrails.tryTitle")}</Text>
          <Select label={t("guardrails.tryGuardrail")} allowDeselect={false} maw={320} data={of.map((it) => it.guardrail_name)} {...form.getInputProps("guardrail_name")} />
          <Textarea label={t("guardrails.text")} autosize minRows={3} maxRows={12} {...form.getInputProps("text")} />
          <Group>
            <Button type="submit" loading={apply.isPending}>
              {t("guardrails.apply")}
            </Button>
          </Group>
          {apply.error && blocked ? (
            <Alert color="red" icon={<IconShieldX aria-hidden />} title={t("guardrails.blockedBy")} role="status">
              {apply.error.message}
            </Alert>
          ) : null}
          {apply.error && !blocked && !(apply.error instanceof ApiError && apply.error.field) ? <Failed error={apply.error} /> : null}
          {apply.data ? <Verdict of={apply.data} asked={apply.variables.text} /> : null}
        </Stack>
      </form>
    </Card>
  );
}

function Verdict({ of, asked }: { of: Applied; asked: string }) {
  const { t } = useTranslation();
  const same = of.response_text === asked;
  return (
    <Stack gap="xs" role="status">
      <Alert color={same ? "teal" : "orange"} icon={<IconShieldCheck aria-hidden />}>
        {same ? t("guardrails.passes") : t("guardrails.changed")}
      </Alert>
      {same ? null : (
        <>
          <Text size="sm">{t("guardrails.result")}</Text>
          <CopyField text={of.response_text} block />
        </>
      )}
      {of.guardrail_information.length > 0 ? (
        <>
          <Text size="sm">{t("guardrails.found")}</Text>
          <CopyField text={JSON.stringify(of.guardrail_information, null, 2)} block />
        </>
      ) : null}
    </Stack>
  );
}
