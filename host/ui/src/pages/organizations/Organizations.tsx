import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Organization, useOrganizations } from "../../api/organizations";
import { useStanding } from "../../api/session";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { OrganizationForm } from "./OrganizationForm";
import { OrganizationMembers } from "./OrganizationMembers";
import { OrganizationTable } from "./OrganizationTable";

export type Opened = null | { what: "form" | "members"; id: string | null };

export const organizationName = (of: Organization) => of.organization_alias ?? of.organization_id;

export function Organizations() {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const source = useOrganizations();
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => setOpened(null);
  // By its id, so that what the side shows is what the list has now.
  const of = source.data?.find((it) => it.organization_id === opened?.id) ?? null;
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened({ what: "form", id: null })}>
      {t("organizations.make")}
    </Button>
  ) : null;
  const title = of ? t(opened?.what === "members" ? "organizations.membersOf" : "organizations.editTitle", { name: organizationName(of) }) : t("organizations.make");
  const rows = source.data?.filter((it) => organizationName(it).toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <Page title={t("organizations.title")} lead={t("organizations.lead")} actions={make}>
      <Side opened={opened !== null} onClose={close} title={title}>
        {opened?.what === "form" ? <OrganizationForm of={of} onDone={close} /> : null}
        {opened?.what === "members" && of ? <OrganizationMembers of={of} /> : null}
      </Side>
      {source.data && source.data.length > 0 ? <Filters><SearchField value={search} onChange={setSearch} /></Filters> : null}
      <OrganizationTable source={source} rows={rows} onOpen={setOpened} empty={search ? <Empty title={t("common.noMatch")} /> : <Empty title={t("organizations.none")} hint={t("organizations.noneHint")} action={make} />} />
    </Page>
  );
}
