import { Button, Divider, Group, MultiSelect, NumberInput, Select, SimpleGrid, Stack, TagsInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/client";
import { type Key, type KeyForm as Form, useChangeKey, useMakeKey } from "../../api/keys";
import { useModelNames, useTeamNames } from "../../api/lookups";
import { Failed } from "../../parts/States";

const KINDS = { default: "kindDefault", llm_api: "kindLlm", management: "kindManagement", read_only: "kindReadOnly" } as const;

interface Fields {
  key_alias: string;
  team_id: string | null;
  user_id: string;
  models: string[];
  max_budget: number | string;
  soft_budget: number | string;
  budget_duration: string;
  duration: string;
  rpm_limit: number | string;
  tpm_limit: number | string;
  max_parallel_requests: number | string;
  key_type: string;
  allowed_ips: string[];
  tags: string[];
}

const number = (it: number | string) => (it === "" ? null : Number(it));
const list = (it: string[]) => (it.length > 0 ? it : null);

function fieldsOf(key: Key | null): Fields {
  return {
    key_alias: key?.key_alias ?? "",
    team_id: key?.team_id ?? null,
    user_id: key?.user_id ?? "",
    models: key?.models ?? [],
    max_budget: key?.max_budget ?? "",
    soft_budget: key?.soft_budget ?? "",
    budget_duration: key?.budget_duration ?? "",
    duration: "",
    rpm_limit: key?.rpm_limit ?? "",
    tpm_limit: key?.tpm_limit ?? "",
    max_parallel_requests: key?.max_parallel_requests ?? "",
    key_type: key?.key_type ?? "default",
    allowed_ips: key?.allowed_ips ?? [],
    tags: key?.tags ?? [],
  };
}

function asked(fields: Fields, made: boolean): Form {
  return {
    key_alias: fields.key_alias,
    team_id: fields.team_id,
    user_id: fields.user_id || null,
    models: fields.models,
    max_budget: number(fields.max_budget),
    soft_budget: number(fields.soft_budget),
    budget_duration: fields.budget_duration || null,
    ...(fields.duration ? { duration: fields.duration } : {}),
    rpm_limit: number(fields.rpm_limit),
    tpm_limit: number(fields.tpm_limit),
    max_parallel_requests: number(fields.max_parallel_requests),
    ...(made ? {} : { key_type: fields.key_type }),
    allowed_ips: list(fields.allowed_ips),
    tags: list(fields.tags),
  };
}

/** Every option of a key. What the gateway refuses stands beside its field. */
export function KeyForm({ of, onMade, onDone }: { of: Key | null; onMade: (text: string) => void; onDone: () => void }) {
  const { t } = useTranslation();
  const { data: teams } = useTeamNames();
  const { data: models } = useModelNames();
  const [make, change] = [useMakeKey(), useChangeKey()];
  const form = useForm<Fields>({ initialValues: fieldsOf(of) });
  const error = make.error ?? change.error;
  const general = error && !(error instanceof ApiError && error.field && error.field in form.values) ? error : null;
  const refused = (error: Error) => {
    if (error instanceof ApiError && error.field && error.field in form.values) form.setFieldError(error.field, error.message);
  };
  const submit = form.onSubmit((fields) => {
    if (of) {
      const done = () => {
        notifications.show({ color: "teal", message: t("keys.saved", { name: fields.key_alias || of.key_name }) });
        onDone();
      };
      change.mutate({ key: of.token, form: asked(fields, true) }, { onSuccess: done, onError: refused });
    } else {
      make.mutate(asked(fields, false), { onSuccess: (it) => onMade(it.key), onError: refused });
    }
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {general ? <Failed error={general} /> : null}
        <TextInput label={t("keys.alias")} data-autofocus required {...form.getInputProps("key_alias")} />
        <Divider label={t("keys.who")} labelPosition="left" />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select label={t("keys.team")} clearable searchable data={(teams ?? []).map((it) => ({ value: it.team_id, label: it.team_alias ?? it.team_id }))} {...form.getInputProps("team_id")} />
          <TextInput label={t("keys.owner")} {...form.getInputProps("user_id")} />
        </SimpleGrid>
        <Divider label={t("keys.what")} labelPosition="left" />
        <MultiSelect label={t("keys.models")} placeholder={form.values.models.length === 0 ? t("keys.allModels") : undefined} searchable clearable data={[...new Set([...(models ?? []), ...form.values.models])]} {...form.getInputProps("models")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select label={t("keys.kind")} disabled={of !== null} allowDeselect={false} data={(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((value) => ({ value, label: t(`keys.${KINDS[value]}`) }))} {...form.getInputProps("key_type")} />
          <TextInput label={t("keys.lifetime")} description={t("keys.lifetimeHint")} {...form.getInputProps("duration")} />
        </SimpleGrid>
        <TagsInput label={t("keys.ips")} {...form.getInputProps("allowed_ips")} />
        <TagsInput label={t("keys.tags")} {...form.getInputProps("tags")} />
        <Divider label={t("keys.money")} labelPosition="left" />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput label={t("keys.maxBudget")} min={0} decimalScale={6} {...form.getInputProps("max_budget")} />
          <NumberInput label={t("keys.softBudget")} min={0} decimalScale={6} {...form.getInputProps("soft_budget")} />
        </SimpleGrid>
        <TextInput label={t("keys.budgetDuration")} description={t("keys.durationHint")} {...form.getInputProps("budget_duration")} />
        <Divider label={t("keys.limits")} labelPosition="left" />
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <NumberInput label={t("keys.rpm")} min={0} allowDecimal={false} {...form.getInputProps("rpm_limit")} />
          <NumberInput label={t("keys.tpm")} min={0} allowDecimal={false} {...form.getInputProps("tpm_limit")} />
          <NumberInput label={t("keys.parallel")} min={0} allowDecimal={false} {...form.getInputProps("max_parallel_requests")} />
        </SimpleGrid>
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={make.isPending || change.isPending}>
            {of ? t("common.save") : t("common.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
