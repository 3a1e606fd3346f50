import { Button, Divider, PasswordInput, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconKey, IconUser } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/client";
import { ROOT } from "../../api/root";
import { hasLeft, useEntrance, useSignIn } from "../../api/session";
import { Failed } from "../../parts/States";
import { Door } from "./Door";

type Way = "withPassword" | "withKey";

/** By username and password, by a key, or by the organisation's own sign-on. */
export function Login() {
  const { t } = useTranslation();
  const [way, setWay] = useState<Way>("withPassword");
  const signIn = useSignIn();
  const needed = (text: string) => (text ? null : t("login.required"));
  const form = useForm({
    initialValues: { username: "", password: "", key: "" },
    validate: way === "withKey" ? { key: needed } : { username: needed, password: needed },
  });
  const choose = (to: string) => {
    setWay(to as Way);
    signIn.reset();
    form.clearErrors();
  };
  const submit = form.onSubmit(({ username, password, key }) => signIn.mutate(way === "withKey" ? { key: key.trim() } : { username, password }));
  return (
    <Door title={t("login.title")} lead={t("login.lead", { host: location.host })}>
      <SegmentedControl fullWidth value={way} onChange={choose} aria-label={t("login.with")} data={(["withPassword", "withKey"] as const).map((value) => ({ value, label: t(`login.${value}`) }))} />
      <form onSubmit={submit} noValidate>
        <Stack>
          <Refused error={signIn.error} />
          {way === "withKey" ? (
            <PasswordInput label={t("login.key")} description={t("login.keyHint")} leftSection={<IconKey size={16} aria-hidden />} autoComplete="off" {...form.getInputProps("key")} />
          ) : (
            <>
              <TextInput label={t("login.username")} leftSection={<IconUser size={16} aria-hidden />} autoComplete="username" autoCapitalize="none" {...form.getInputProps("username")} />
              <PasswordInput label={t("login.password")} autoComplete="current-password" {...form.getInputProps("password")} />
            </>
          )}
          <Button type="submit" loading={signIn.isPending} fullWidth>
            {t("login.submit")}
          </Button>
        </Stack>
      </form>
      <SingleSignOn />
    </Door>
  );
}

/** The way over the identity provider, unless the gateway says that there is none. */
function SingleSignOn() {
  const { t } = useTranslation();
  const { data, isPending } = useEntrance();
  const where = data?.sso_url ?? `${ROOT}/sso/key/generate`;
  const goes = data?.auto_redirect_to_sso === true && !hasLeft();
  useEffect(() => {
    if (goes) location.assign(where);
  }, [goes, where]);
  if (isPending || data?.sso_configured === false) return null;
  return (
    <>
      <Divider />
      <Button component="a" href={where} variant="default" fullWidth>
        {t("login.sso")}
      </Button>
    </>
  );
}

/** Why the door stays shut; a wait is said in seconds. */
function Refused({ error }: { error: Error | null }) {
  const { t } = useTranslation();
  if (!error) return null;
  const wait = error instanceof ApiError && error.status === 429 ? error.retryAfter : undefined;
  return <Failed error={wait ? new Error(t("login.throttled", { seconds: wait })) : error} />;
}
