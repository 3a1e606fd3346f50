import { NavLink, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";

import { useLeadsTeam } from "../api/lookups";
import { useStanding } from "../api/session";
import classes from "./Navigation.module.css";
import { SECTIONS } from "./pages";

const isAt = (pathname: string, to: string) => pathname === to || (to !== "/" && pathname.startsWith(`${to}/`));

/** Where one can go from here. */
export function Navigation({ onGo }: { onGo: () => void }) {
  const { t } = useTranslation();
  const { seesAll, userId } = useStanding();
  const { pathname } = useLocation();
  const { data: leads = false } = useLeadsTeam(seesAll ? null : userId);
  const shown = { all: true, leaders: seesAll || leads, admins: seesAll };
  return SECTIONS.map(({ name, pages }) => {
    const seen = pages.filter((page) => shown[page.who]);
    if (seen.length === 0) return null;
    return (
      <div key={name} className={classes.section}>
        <Text size="xs" c="dimmed" fw={600} className={classes.title}>
          {t(`nav.${name}`)}
        </Text>
        {seen.map(({ to, name: page, icon: Icon }) => (
          <NavLink key={to} component={Link} to={to} label={t(`nav.${page}`)} leftSection={<Icon size={18} aria-hidden />} active={isAt(pathname, to)} aria-current={isAt(pathname, to) ? "page" : undefined} onClick={onGo} variant="light" className={classes.link} />
        ))}
      </div>
    );
  });
}
