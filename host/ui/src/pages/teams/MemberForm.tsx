import { NumberInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Membership, type Seat, useAddMember, useChangeMember } from "../../api/teams";
import { FormEnd } from "../../parts/FormEnd";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { UserField } from "../../parts/UserField";
import { useRequestForm } from "../../parts/useRequestForm";
import { number, text } from "../../parts/values";

type BudgetOf = Membership["litellm_budget_table"];

function fieldsOf(seat: Seat | null, limits: BudgetOf | undefined) {
  return {
    user_id: seat?.user_id ?? "",
    user_email: "",
    role: (seat?.role ?? "user") as string,
    max_budget_in_team: (limits?.max_budget ?? "") as number | string,
    budget_duration: limits?.budget_duration ?? "",
    rpm_limit: (limits?.rpm_limit ?? "") as number | string,
    tpm_limit: (limits?.tpm_limit ?? "") as number | string,
  };
}

type Fields = ReturnType<typeof fieldsOf>;

/** A new member is named inside of `member`, one that is there beside it. */
function request(fields: Fields, isNew: boolean) {
  const who = isNew ? { member: { role: fields.role, ...(text(fields.user_id) ? { user_id: text(fields.user_id) } : { user_email: text(fields.user_email) }) } } : { role: fields.role };
  return {
    ...who,
    max_budget_in_team: number(fields.max_budget_in_team),
    budget_duration: text(fields.budget_duration),
    rpm_limit: number(fields.rpm_limit),
    tpm_limit: number(fields.tpm_limit),
  };
}

export function MemberForm({ team, of, limits, onDone }: { team: string; of: Seat | null; limits: BudgetOf | undefined; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const [add, change] = [useAddMember(), useChangeMember()];
  const { form, submit, above, pending } = useRequestForm<Fields, unknown>({
    initial: fieldsOf(of, limits),
    request: (fields) => request(fields, of === null),
    of: of ? { team_id: team, user_id: of.user_id } : undefined,
    along: { team_id: team },
    mutation: of ? change : add,
    onDone: (_, fields) => {
      const name = fields.user_id || fields.user_email;
      done(of ? t("common.saved", { name }) : t("teams.added", { name }));
      onDone();
    },
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        {of ? null : (
          <>
            <UserField label={t("teams.userId")} description={t("teams.idOrEmail")} {...form.getInputProps("user_id")} />
            <TextInput type="email" label={t("teams.email")} description={t("teams.emailHint")} {...form.getInputProps("user_email")} />
          </>
        )}
        <Select label={t("teams.role")} allowDeselect={false} data={(["user", "admin"] as const).map((value) => ({ value, label: t(`teams.role_${value}`) }))} {...form.getInputProps("role")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput label={t("teams.inTeam")} min={0} decimalScale={6} {...form.getInputProps("max_budget_in_team")} />
          <TextInput label={t("keys.budgetDuration")} {...form.getInputProps("budget_duration")} />
          <NumberInput label={t("keys.rpm")} min={0} allowDecimal={false} {...form.getInputProps("rpm_limit")} />
          <NumberInput label={t("keys.tpm")} min={0} allowDecimal={false} {...form.getInputProps("tpm_limit")} />
        </SimpleGrid>
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.add")} />
      </Stack>
    </form>
  );
}
