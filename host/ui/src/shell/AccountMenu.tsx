import { ActionIcon, Menu, Text } from "@mantine/core";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useSession, useSignOut } from "../api/session";
import { useSaid } from "../parts/said";

const ROLES = { proxy_admin: "role_admin", proxy_admin_viewer: "role_viewer", internal_user: "role_user", internal_user_viewer: "role_user_viewer" } as const;

/** Who is signed in, and the way out. */
export function AccountMenu() {
  const { t } = useTranslation();
  const { failed } = useSaid();
  const { data } = useSession();
  const leave = useSignOut();
  const role = ROLES[data?.user_role as keyof typeof ROLES];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("app.account")}>
          <IconUserCircle size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={550}>
            {data?.user_email ?? data?.user_id ?? t("app.role_admin")}
          </Text>
          <Text size="xs">{role ? t(`app.${role}`) : data?.user_role}</Text>
        </Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave.mutateAsync(undefined).catch(failed)}>
          {t("app.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
