import { Accordion, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { type Key, useChangeKey, useMakeKey } from "../../api/keys";
import { useStanding } from "../../api/session";
import { FormEnd } from "../../parts/FormEnd";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { useRequestForm } from "../../parts/useRequestForm";
import { fieldsOf, JSON_FIELDS, request } from "./fields";
import { KeyAccess } from "./KeyAccess";
import { KeyLimits } from "./KeyLimits";
import { KeyMoney } from "./KeyMoney";
import { KeyMore } from "./KeyMore";
import { KeyOwner } from "./KeyOwner";

/** Every option of a key. What the gateway refuses stands beside its field. */
export function KeyForm({ of, onMade, onDone }: { of: Key | null; onMade: (text: string) => void; onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const { admin } = useStanding();
  const [make, change] = [useMakeKey(), useChangeKey()];
  const { form, submit, above, pending } = useRequestForm({
    initial: fieldsOf(of),
    request: (fields) => request(fields, of, admin),
    of: of ? { key: of.token } : undefined,
    mutation: of ? change : make,
    json: JSON_FIELDS,
    onDone: (answer, fields) => {
      if (!of) return onMade(answer.key);
      done(t("keys.saved", { name: fields.key_alias || of.key_name }));
      return onDone();
    },
  });
  const parts = [
    ["who", t("keys.who"), <KeyOwner key="who" form={form} />],
    ["what", t("keys.what"), <KeyAccess key="what" form={form} of={of} admin={admin} />],
    ["money", t("keys.money"), <KeyMoney key="money" form={form} admin={admin} />],
    ["limits", t("keys.limits"), <KeyLimits key="limits" form={form} />],
    ["more", t("common.more_options"), <KeyMore key="more" form={form} isNew={of === null} admin={admin} />],
  ] as const;
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("keys.alias")} data-autofocus {...form.getInputProps("key_alias")} />
        <Accordion multiple defaultValue={["who", "what", "money"]} variant="separated" order={3}>
          {parts.map(([name, title, fields]) => (
            <Accordion.Item key={name} value={name}>
              <Accordion.Control>{title}</Accordion.Control>
              <Accordion.Panel>{fields}</Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
