import { AppShell, Box, Burger, Group, NavLink, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChartBar, IconKey, IconListDetails, IconPuzzle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation } from "react-router";

import { ColourMenu } from "./ColourMenu";
import { Connection } from "./Connection";
import { LanguageMenu } from "./LanguageMenu";

const PAGES = [
  { to: "/", name: "overview", icon: IconChartBar },
  { to: "/keys", name: "keys", icon: IconKey },
  { to: "/plugins", name: "plugins", icon: IconPuzzle },
  { to: "/logs", name: "logs", icon: IconListDetails },
] as const;

/** What stands around every page. */
export function Shell() {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !open } }} padding="md">
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("app.menu")} />
            <img src="/ui/mark.svg" alt="" width={28} height={28} />
            <Title order={1} size="h4">
              {t("app.name")}
            </Title>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LanguageMenu />
            <ColourMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t("app.menu")}>
        {PAGES.map(({ to, name, icon: Icon }) => (
          <NavLink key={to} component={Link} to={to} label={t(`nav.${name}`)} leftSection={<Icon size={18} aria-hidden />} active={pathname === to} onClick={close} variant="light" />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Connection />
        <Box maw={1240} mx="auto">
          <Outlet />
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}
