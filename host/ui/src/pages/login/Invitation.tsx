import { Alert, Button, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { ROOT } from "../../api/root";
import { type Invited, useClaim, useInvitation } from "../../api/session";
import { general, refuse } from "../../parts/refusals";
import { Failed, Waiting } from "../../parts/States";
import { Door } from "./Door";

/** What an invited person sees first: they choose a password. */
export function Invitation({ link }: { link: string }) {
  const { t } = useTranslation();
  const { data, error, isPending } = useInvitation(link);
  const name = data?.user_email ?? data?.user_id;
  return (
    <Door title={error ? t("login.linkBad") : t("login.invitedTitle")} lead={name ? t("login.invitedLead", { name, host: location.host }) : undefined}>
      {isPending ? <Waiting rows={3} /> : null}
      {error ? <Failed error={error} /> : null}
      {data ? <Choose link={link} who={data} /> : <ToLogin />}
    </Door>
  );
}

function ToLogin() {
  const { t } = useTranslation();
  return (
    <Button component="a" href={`${ROOT}/ui/`} variant="default">
      {t("login.toLogin")}
    </Button>
  );
}

function Choose({ link, who }: { link: string; who: Invited }) {
  const { t } = useTranslation();
  const claim = useClaim();
  const form = useForm({
    initialValues: { password: "", again: "" },
    validate: { password: (it) => (it ? null : t("login.required")), again: (it, all) => (it === all.password ? null : t("login.differs")) },
  });
  if (claim.isSuccess) {
    return (
      <>
        <Alert color="teal">{t("login.claimed")}</Alert>
        <ToLogin />
      </>
    );
  }
  const submit = form.onSubmit(({ password }) => claim.mutate({ invitation_link: link, user_id: who.user_id, password }, { onError: (error) => refuse(form, error) }));
  const above = general(form, claim.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <PasswordInput label={t("login.newPassword")} autoComplete="new-password" data-autofocus {...form.getInputProps("password")} />
        <PasswordInput label={t("login.again")} autoComplete="new-password" {...form.getInputProps("again")} />
        <Button type="submit" loading={claim.isPending}>
          {t("login.claim")}
        </Button>
      </Stack>
    </form>
  );
}
