import { Divider, PasswordInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useTranslation } from "react-i18next";

import { type Invitation, ROLES, type User, useChangeUser, useInvite, useMakeUser } from "../../api/users";
import { FormEnd } from "../../parts/FormEnd";
import { LimitFields, limitRequest, limitTexts } from "../../parts/LimitFields";
import { ModelsField } from "../../parts/ModelsField";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { TeamsField } from "../../parts/TeamField";
import { useRequestForm } from "../../parts/useRequestForm";
import { text } from "../../parts/values";
import { InvitationText } from "./InvitationText";

function fieldsOf(user: User | null) {
  return {
    user_id: "",
    user_alias: user?.user_alias ?? "",
    user_email: user?.user_email ?? "",
    user_role: user?.user_role ?? "internal_user",
    password: "",
    models: user?.models ?? [],
    teams: [] as string[],
    ...limitTexts(user),
  };
}

type Fields = ReturnType<typeof fieldsOf>;

function request(fields: Fields, isNew: boolean) {
  return {
    ...(isNew ? { user_id: text(fields.user_id), teams: fields.teams } : {}),
    user_alias: text(fields.user_alias),
    user_email: text(fields.user_email),
    user_role: fields.user_role,
    password: fields.password || null,
    models: fields.models,
    ...limitRequest(fields),
  };
}

export function UserForm({ of, onDone }: { of: User | null; onDone: () => void }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const [make, change, invite] = [useMakeUser(), useChangeUser(), useInvite()];
  const { form, submit, above, pending } = useRequestForm<Fields, unknown>({
    initial: fieldsOf(of),
    request: (fields) => request(fields, of === null),
    of: of ? { user_id: of.user_id } : undefined,
    along: { auto_create_key: false },
    mutation: of ? change : make,
    onDone: (answer, fields) => {
      const name = fields.user_alias || fields.user_email || fields.user_id;
      done(t(of ? "common.saved" : "common.created_ok", { name }));
      onDone();
      // Without a password the next thing is a link by which to choose one.
      if (of || fields.password) return;
      const show = (it: Invitation) => modals.open({ title: t("users.inviteNew"), children: <InvitationText of={it} />, size: "lg", closeButtonProps: { "aria-label": t("common.close") } });
      void invite.mutateAsync((answer as User).user_id).then(show, failed);
    },
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label={t("users.alias")} data-autofocus {...form.getInputProps("user_alias")} />
          <TextInput type="email" label={t("users.email")} {...form.getInputProps("user_email")} />
          {of ? null : <TextInput label={t("users.id")} description={t("users.idHint")} {...form.getInputProps("user_id")} />}
          <Select label={t("users.role")} allowDeselect={false} data={Object.entries(ROLES).map(([value, name]) => ({ value, label: t(`app.${name}`) }))} {...form.getInputProps("user_role")} />
        </SimpleGrid>
        <PasswordInput label={t("users.password")} description={t("users.passwordHint")} autoComplete="new-password" {...form.getInputProps("password")} />
        {of ? null : <TeamsField label={t("users.teams")} {...form.getInputProps("teams")} />}
        <ModelsField {...form.getInputProps("models")} />
        <Divider label={t("teams.limits")} labelPosition="left" />
        <LimitFields form={form} />
        <FormEnd onCancel={onDone} pending={pending} label={of ? t("common.save") : t("common.create")} />
      </Stack>
    </form>
  );
}
