import { AppShell, Box, Burger, Group, ScrollArea, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type MouseEvent, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Outlet, useLocation } from "react-router";

import { ROOT } from "../api/root";
import { Waiting } from "../parts/States";
import { AccountMenu } from "./AccountMenu";
import { Broken } from "./Broken";
import { ColourMenu } from "./ColourMenu";
import { Connection } from "./Connection";
import { LanguageMenu } from "./LanguageMenu";
import { Navigation } from "./Navigation";
import classes from "./Shell.module.css";

// The page may have a base, from which the link would lead away.
const toContent = (event: MouseEvent) => {
  event.preventDefault();
  document.getElementById("content")?.focus();
};

/** What stands around every page. */
export function Shell() {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !open } }} padding="md">
      <a className="skip" href="#content" onClick={toContent}>
        {t("app.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("app.menu")} />
            <img src={`${ROOT}/ui/mark.svg`} alt="" width={28} height={28} />
            <Title order={1} size="h4">
              {t("app.name")}
            </Title>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LanguageMenu />
            <ColourMenu />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t("app.menu")}>
        <ScrollArea className={classes.pages}>
          <Navigation onGo={close} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Connection />
        <Box maw={1240} mx="auto">
          <Broken key={pathname}>
            <Suspense fallback={<Waiting />}>
              <Outlet />
            </Suspense>
          </Broken>
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}
