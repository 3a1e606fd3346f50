import { Divider, MultiSelect, NumberInput, Select, SimpleGrid, Stack, TagsInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useOrganizationNames } from "../../api/lookups";
import { useStanding } from "../../api/session";
import { type Team, useChangeTeam, useMakeTeam } from "../../api/teams";
import { FormEnd } from "../../parts/FormEnd";
import { LimitFields, limitRequest, limitTexts } from "../../parts/LimitFields";
import { ModelsField } from "../../parts/ModelsField";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { useRequestForm } from "../../parts/useRequestForm";
import { list, number, text } from "../../parts/values";

/** What a team can let its members do with its keys. */
const PERMISSIONS = ["/key/generate", "/key/update", "/key/delete", "/key/regenerate", "/key/service-account/generate", "/key/info", "/key/list", "/team/daily/activity", "/spend/logs"];

function fieldsOf(team: Team | null) {
  const member = team?.team_member_budget_table;
  return {
    team_alias: team?.team_alias ?? "",
    organization_id: team?.organization_id ?? null,
    models: team?.models ?? [],
    tags: team?.tags ?? [],
    guardrails: team?.guardrails ?? [],
    team_member_permissions: team?.team_member_permissions ?? [],
    team_member_budget: (member?.max_budget ?? "") as number | string,
    team_member_budget_duration: member?.budget_duration ?? "",
    team_member_rpm_limit: (member?.rpm_limit ?? "") as number | string,
    team_member_tpm_limit: (member?.tpm_limit ?? "") as number | string,
    ...limitTexts(team),
  };
}

type Fields = ReturnType<typeof fieldsOf>;

function request(fields: Fields) {
  return {
    team_alias: text(fields.team_alias),
    organization_id: fields.organization_id,
    models: fields.models,
    tags: list(fields.tags),
    guardrails: list(fields.guardrails),
    team_member_permissions: fields.team_member_permissions,
    team_member_budget: number(fields.team_member_budget),
    team_member_budget_duration: text(fields.team_member_budget_duration),
    team_member_rpm_limit: number(fields.team_member_rpm_limit),
    team_member_tpm_limit: number(fields.team_member_tpm_limit),
    ...limitRequest(fields),
  };
}

export function TeamForm({ of, onDone }: { of: Team | null; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const { seesAll } = useStanding();
  const { data: organizations } = useOrganizationNames(seesAll);
  const [make, change] = [useMakeTeam(), useChangeTeam()];
  const { form, submit, above, pending } = useRequestForm<Fields, unknown>({
    initial: fieldsOf(of),
    request,
    of: of ? { team_id: of.team_id } : undefined,
    mutation: of ? change : make,
    onDone: (_, fields) => {
      done(t(of ? "common.saved" : "common.created_ok", { name: fields.team_alias }));
      onDone();
    },
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("teams.alias")} data-autofocus {...form.getInputProps("team_alias")} />
        {seesAll ? <Select label={t("teams.organization")} clearable searchable data={(organizations ?? []).map((it) => ({ value: it.organization_id, label: it.organization_alias ?? it.organization_id }))} {...form.getInputProps("organization_id")} /> : null}
        <ModelsField {...form.getInputProps("models")} />
        <Divider label={t("teams.limits")} labelPosition="left" />
        <LimitFields form={form} />
        <Divider label={t("teams.eachMember")} labelPosition="left" />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput label={t("teams.memberBudget")} min={0} decimalScale={6} {...form.getInputProps("team_member_budget")} />
          <TextInput label={t("teams.memberDuration")} description={t("keys.durationHint")} {...form.getInputProps("team_member_budget_duration")} />
          <NumberInput label={t("teams.memberRpm")} min={0} allowDecimal={false} {...form.getInputProps("team_member_rpm_limit")} />
          <NumberInput label={t("teams.memberTpm")} min={0} allowDecimal={false} {...form.getInputProps("team_member_tpm_limit")} />
        </SimpleGrid>
        <MultiSelect label={t("teams.permissions")} clearable data={[...new Set([...PERMISSIONS, ...form.values.team_member_permissions])]} {...form.getInputProps("team_member_permissions")} />
        <Divider label={t("common.more_options")} labelPosition="left" />
        <TagsInput label={t("keys.tags")} {...form.getInputProps("tags")} />
        <TagsInput label={t("teams.guardrails")} {...form.getInputProps("guardrails")} />
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
