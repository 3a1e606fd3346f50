import { Select, SimpleGrid, Stack, TagsInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import type { Key } from "../../api/keys";
import { useFormat } from "../../parts/format";
import { ModelsField } from "../../parts/ModelsField";
import type { Fields } from "./fields";

const KINDS = { default: "kindDefault", llm_api: "kindLlm", management: "kindManagement", read_only: "kindReadOnly" } as const;

/** What a key opens, from where, and until when. */
export function KeyAccess({ form, of, admin }: { form: UseFormReturnType<Fields>; of: Key | null; admin: boolean }) {
  const { t } = useTranslation();
  const { date } = useFormat();
  const now = of?.expires ? date(of.expires) : t("common.never");
  return (
    <Stack>
      <ModelsField label={t("keys.models")} {...form.getInputProps("models")} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select label={t("keys.kind")} disabled={of !== null} allowDeselect={false} data={(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((value) => ({ value, label: t(`keys.${KINDS[value]}`) }))} {...form.getInputProps("key_type")} />
        <TextInput label={t("keys.lifetime")} description={of ? t("keys.lifetimeEdit", { now }) : t("keys.lifetimeHint")} {...form.getInputProps("duration")} />
      </SimpleGrid>
      <TagsInput label={t("keys.ips")} {...form.getInputProps("allowed_ips")} />
      <TagsInput label={t("keys.routes")} description={t("keys.routesHint")} {...form.getInputProps("allowed_routes")} />
      {admin ? (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TagsInput label={t("keys.passAllowed")} description={t("keys.passHint")} {...form.getInputProps("allowed_passthrough_routes")} />
          <TagsInput label={t("keys.passDenied")} description={t("keys.passHint")} {...form.getInputProps("denied_passthrough_routes")} />
        </SimpleGrid>
      ) : null}
      <TagsInput label={t("keys.tags")} {...form.getInputProps("tags")} />
    </Stack>
  );
}
