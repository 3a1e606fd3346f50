import { Button, Card, NumberInput, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useAddToOrganization } from "../../api/organizations";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { UserField } from "../../parts/UserField";
import { useRequestForm } from "../../parts/useRequestForm";
import { number, text } from "../../parts/values";
import { SEATS } from "./OrganizationMembers";

const EMPTY = { user_id: "", user_email: "", role: "internal_user", max_budget_in_organization: "" as number | string };

/** A user gets a seat in the organization. */
export function AddToOrganization({ id }: { id: string }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const add = useAddToOrganization();
  const { form, submit, above, pending } = useRequestForm<typeof EMPTY, unknown>({
    initial: EMPTY,
    request: (it) => ({ member: { role: it.role, ...(text(it.user_id) ? { user_id: text(it.user_id) } : { user_email: text(it.user_email) }) }, max_budget_in_organization: number(it.max_budget_in_organization) }),
    along: { organization_id: id },
    mutation: add,
    onDone: (_, it) => {
      done(t("teams.added", { name: it.user_id || it.user_email }));
      form.reset();
    },
  });
  return (
    <Card padding="md">
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Text fw={600}>{t("organizations.addMember")}</Text>
          {above ? <Failed error={above} /> : null}
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <UserField label={t("teams.userId")} {...form.getInputProps("user_id")} />
            <TextInput type="email" label={t("teams.email")} {...form.getInputProps("user_email")} />
            <Select label={t("teams.role")} allowDeselect={false} data={SEATS.map((value) => ({ value, label: t(`organizations.role_${value}`) }))} {...form.getInputProps("role")} />
            <NumberInput label={t("organizations.memberBudget")} min={0} decimalScale={6} {...form.getInputProps("max_budget_in_organization")} />
          </SimpleGrid>
          <Button type="submit" loading={pending}>
            {t("common.add")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
