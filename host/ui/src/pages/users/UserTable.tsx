import { Button, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useTeamNames } from "../../api/lookups";
import { ROLES, type User, type useUsers } from "../../api/users";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { Tag } from "../../parts/Tag";
import { UserMenu } from "./UserMenu";
import { type Opened, userName } from "./Users";

/** Users, one a row. */
export function UserTable({ source, onOpen, empty }: { source: ReturnType<typeof useUsers>; onOpen: (what: Opened) => void; empty: ReactNode }) {
  const { t } = useTranslation();
  const { count, date } = useFormat();
  const users = source.data?.pages.flatMap((page) => page.users);
  const teamName = useTeamNames((users ?? []).flatMap((user) => user.teams));
  const columns: Column<User>[] = [
    {
      title: t("users.alias"),
      show: (user) => (
        <>
          <Button variant="transparent" size="compact-sm" px={0} onClick={() => onOpen({ what: "details", of: user })}>
            {userName(user)}
          </Button>
          <Text size="xs" c="dimmed">
            {[user.user_email, user.user_id].filter((it) => it && it !== userName(user)).join(" · ")}
          </Text>
        </>
      ),
    },
    {
      title: t("users.role"),
      show: (user) => {
        const known = ROLES[user.user_role as keyof typeof ROLES];
        return <Tag color={user.user_role?.startsWith("proxy_admin") ? "cyan" : "gray"}>{known ? t(`app.${known}`) : (user.user_role ?? "—")}</Tag>;
      },
    },
    { title: t("users.teams"), show: (user) => <Names names={user.teams.map(teamName)} none="—" most={2} /> },
    { title: t("users.keys"), number: true, show: (user) => count(user.key_count ?? 0) },
    { title: t("common.spend"), show: (user) => <BudgetBar spend={user.spend} budget={user.max_budget} resets={user.budget_duration ? user.budget_reset_at : null} /> },
    { title: t("common.created"), show: (user) => <span className="number">{date(user.created_at)}</span> },
    { title: t("common.actions"), quiet: true, show: (user) => <UserMenu of={user} edit={() => onOpen({ what: "form", of: user })} /> },
  ];
  return <Rows name={t("users.title")} rows={users} columns={columns} id={(user) => user.user_id} source={source} empty={empty} wide="wide" />;
}
