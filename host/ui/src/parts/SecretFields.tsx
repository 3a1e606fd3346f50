import { PasswordInput, SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Secret } from "../api/plugins";

/** A field for each secret that a plugin names. */
export function SecretFields({ of, values, onChange }: { of: [string, Secret][]; values: Record<string, string>; onChange: (values: Record<string, string>) => void }) {
  const { t } = useTranslation();
  if (of.length === 0) return null;
  const hint = (env: string[] | undefined) => (env && env.length > 0 ? t("models.secretEnv", { names: env.join(", ") }) : t("models.keptSecret"));
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {of.map(([name, secret]) => (
        <PasswordInput key={name} label={secret.title || name} description={hint(secret.env)} required={secret.required} autoComplete="off" value={values[name] ?? ""} onChange={(event) => onChange({ ...values, [name]: event.currentTarget.value })} />
      ))}
    </SimpleGrid>
  );
}
