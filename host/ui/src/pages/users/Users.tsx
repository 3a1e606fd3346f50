import { Button, Select, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../../api/session";
import { ROLES, type User, useUsers } from "../../api/users";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { UserDetails } from "./UserDetails";
import { UserForm } from "./UserForm";
import { UserTable } from "./UserTable";

/** What the side shows: a form, or one user's keys and teams. */
export type Opened = null | { what: "form"; of: User | null } | { what: "details"; of: User };

export const userName = (of: User) => of.user_alias ?? of.user_email ?? of.user_id;

export function Users() {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const [role, setRole] = useState<string | null>(null);
  const [opened, setOpened] = useState<Opened>(null);
  const source = useUsers(search, role);
  const close = () => setOpened(null);
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened({ what: "form", of: null })}>
      {t("users.make")}
    </Button>
  ) : null;
  const title = opened?.of ? (opened.what === "details" ? userName(opened.of) : t("users.editTitle", { name: userName(opened.of) })) : t("users.make");
  const total = source.data?.pages[0]?.total;
  return (
    <Page title={t("users.title")} lead={t("users.lead")} actions={make}>
      <Side opened={opened !== null} onClose={close} title={title}>
        {opened?.what === "form" ? <UserForm of={opened.of} onDone={close} /> : null}
        {opened?.what === "details" ? <UserDetails id={opened.of.user_id} /> : null}
      </Side>
      <Filters>
        <SearchField value={typed} onChange={setTyped} />
        <Select aria-label={t("users.role")} placeholder={t("users.anyRole")} clearable value={role} onChange={setRole} data={Object.entries(ROLES).map(([value, name]) => ({ value, label: t(`app.${name}`) }))} />
        {total ? (
          <Text size="sm" c="dimmed">
            {t("common.total", { count: total })}
          </Text>
        ) : null}
      </Filters>
      <UserTable source={source} onOpen={setOpened} empty={search || role ? <Empty title={t("common.noMatch")} /> : <Empty title={t("users.none")} hint={t("users.noneHint")} action={make} />} />
    </Page>
  );
}
