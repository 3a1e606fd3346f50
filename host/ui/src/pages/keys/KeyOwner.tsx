import { Select, SimpleGrid } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { useOrganizationNames } from "../../api/lookups";
import { useStanding } from "../../api/session";
import { TeamField } from "../../parts/TeamField";
import { UserField } from "../../parts/UserField";
import type { Fields } from "./fields";

/** Whose key it is. Who has no say in that does not see it. */
export function KeyOwner({ form }: { form: UseFormReturnType<Fields> }) {
  const { t } = useTranslation();
  const { seesAll } = useStanding();
  const { data: organizations } = useOrganizationNames(seesAll);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TeamField label={t("keys.team")} {...form.getInputProps("team_id")} />
      <UserField label={t("keys.owner")} {...form.getInputProps("user_id")} />
      {seesAll ? <Select label={t("keys.organization")} clearable searchable data={(organizations ?? []).map((it) => ({ value: it.organization_id, label: it.organization_alias ?? it.organization_id }))} {...form.getInputProps("organization_id")} /> : null}
    </SimpleGrid>
  );
}
