import { Button, Tabs } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useStanding } from "../../api/session";
import { SECTIONS, useReloadConfig } from "../../api/settings";
import { Page } from "../../parts/Page";
import { useSaid } from "../../parts/said";
import { Audit } from "./Audit";
import { Cache } from "./Cache";
import { SectionTable } from "./SectionTable";
import classes from "./Settings.module.css";

/** What is in force and why, the cache, and who changed what. */
export function Settings() {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const reload = useReloadConfig();
  const [search, setSearch] = useSearchParams();
  const part = search.get("part") ?? SECTIONS[0];
  const tabs = useRef<HTMLDivElement>(null);
  // On a phone it may stand beyond the edge.
  useEffect(() => {
    tabs.current?.querySelector(`[id$="-tab-${CSS.escape(part)}"]`)?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [part]);
  const actions = admin ? (
    <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={reload.isPending} onClick={() => void reload.mutateAsync(undefined).then(() => done(t("settings.reloaded")), failed)}>
      {t("settings.reload")}
    </Button>
  ) : null;
  return (
    <Page title={t("settings.title")} lead={t("settings.lead")} actions={actions}>
      <Tabs value={part} onChange={(part) => setSearch(part ? { part } : {}, { replace: true })} keepMounted={false}>
        <div className={classes.tabs} ref={tabs}>
          <Tabs.List>
            {[...SECTIONS, "cache" as const, "audit" as const].map((name) => (
              <Tabs.Tab key={name} value={name}>
                {t(`settings.${name}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </div>
        {SECTIONS.map((section) => (
          <Tabs.Panel key={section} value={section}>
            <SectionTable section={section} />
          </Tabs.Panel>
        ))}
        <Tabs.Panel value="cache">
          <Cache />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <Audit />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
