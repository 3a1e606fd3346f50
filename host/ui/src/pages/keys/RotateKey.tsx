import { Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { type Key, useRotateKey } from "../../api/keys";
import { FormEnd } from "../../parts/FormEnd";
import { fieldOf } from "../../parts/refusals";
import { Failed } from "../../parts/States";
import { MadeKey } from "./MadeKey";

/** A new text for a key, and how long the old one still opens. */
export function RotateKey({ of }: { of: Key }) {
  const { t } = useTranslation();
  const [grace, setGrace] = useState("24h");
  const rotate = useRotateKey();
  if (rotate.data) return <MadeKey text={rotate.data.key} onDone={() => modals.closeAll()} />;
  const atField = fieldOf(rotate.error, ["grace_period"]) !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate({ key: of.token, grace: grace.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("keys.rotateLead")}</Text>
        {rotate.error && !atField ? <Failed error={rotate.error} /> : null}
        <TextInput label={t("keys.grace")} placeholder={t("keys.graceNow")} value={grace} onChange={(event) => setGrace(event.currentTarget.value)} error={atField ? rotate.error?.message : undefined} data-autofocus />
        <FormEnd onCancel={() => modals.closeAll()} pending={rotate.isPending} label={t("keys.rotate")} />
      </Stack>
    </form>
  );
}
