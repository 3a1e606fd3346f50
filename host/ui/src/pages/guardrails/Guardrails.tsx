import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { Page } from "../../parts/Page";
import { Callbacks } from "./Callbacks";
import { GuardrailList } from "./GuardrailList";

const PARTS = { guardrails: GuardrailList, callbacks: Callbacks } as const;

/** What looks at calls, and what is told of them. */
export function Guardrails() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  return (
    <Page title={t("guardrails.title")} lead={t("guardrails.lead")}>
      <Tabs value={search.get("part") ?? "guardrails"} onChange={(part) => setSearch(part ? { part } : {}, { replace: true })} keepMounted={false}>
        <Tabs.List mb="md">
          {(Object.keys(PARTS) as (keyof typeof PARTS)[]).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`guardrails.${name}`)}
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
