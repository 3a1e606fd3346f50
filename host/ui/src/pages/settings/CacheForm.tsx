import { Button, Group, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Schema } from "../../api/plugins";
import { useStanding } from "../../api/session";
import { type CacheSettings, useSetCache } from "../../api/settings";
import { ApiError } from "../../api/client";
import { useSaid } from "../../parts/said";
import { SchemaFields, schemaRequest, schemaValues } from "../../parts/SchemaFields";
import { Failed } from "../../parts/States";
import { said } from "../../parts/values";
import { useTold } from "./told";

const TYPES: Record<string, Schema> = { Integer: { type: "integer" }, Float: { type: "number" }, Boolean: { type: "boolean" }, List: { type: "array", items: { type: "string" } }, String: { type: "string" } };

const schemaOf = (it: CacheSettings): Schema => ({ properties: Object.fromEntries(it.fields.map((field) => [field.field_name, { ...TYPES[field.field_type], title: field.field_name, description: field.field_description }])) });

/** The rules of the cache; what is saved replaces all of them. */
export function CacheForm({ of }: { of: CacheSettings }) {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done } = useSaid();
  const tell = useTold();
  const set = useSetCache();
  const schema = schemaOf(of);
  const [values, setValues] = useState(() => schemaValues(schema, Object.fromEntries(of.fields.map((it) => [it.field_name, it.field_value]))));
  const field = set.error instanceof ApiError ? set.error.field?.split(".").at(-1) : undefined;
  const known = field !== undefined && schema.properties?.[field] !== undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate(said(schemaRequest(schema, values)), {
      onSuccess: (answer) => {
        done(t("common.saved", { name: t("settings.cache") }));
        tell(answer);
      },
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {set.error && !known ? <Failed error={set.error} /> : null}
        <SchemaFields schema={schema} values={values} errors={known && set.error ? { [field]: set.error.message } : {}} onChange={setValues} />
        {admin ? (
          <Group justify="flex-end">
            <Button type="submit" loading={set.isPending}>
              {t("common.save")}
            </Button>
          </Group>
        ) : null}
      </Stack>
    </form>
  );
}
