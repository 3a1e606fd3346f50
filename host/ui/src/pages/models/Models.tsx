import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { Page } from "../../parts/Page";
import { Credentials } from "./Credentials";
import { Deployments } from "./Deployments";
import { Prices } from "./Prices";

const PARTS = { deployments: Deployments, credentials: Credentials, prices: Prices } as const;

/** Deployments, the keys that they use, and what they cost. */
export function Models() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const shown = search.get("part") ?? "deployments";
  return (
    <Page title={t("models.title")} lead={t("models.lead")}>
      <Tabs value={shown} onChange={(part) => setSearch(part ? { part } : {}, { replace: true })} keepMounted={false}>
        <Tabs.List mb="md">
          {(Object.keys(PARTS) as (keyof typeof PARTS)[]).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`models.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries(PARTS).map(([name, Part]) => (
          <Tabs.Panel key={name} value={name}>
            <Part />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
