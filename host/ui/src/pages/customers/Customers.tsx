import { Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Customer, useCustomers } from "../../api/customers";
import { useStanding } from "../../api/session";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Empty } from "../../parts/States";
import { CustomerForm } from "./CustomerForm";
import { CustomerTable } from "./CustomerTable";

export function Customers() {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const [opened, setOpened] = useState<null | "new" | Customer>(null);
  const source = useCustomers(search);
  const of = opened === "new" ? null : opened;
  const close = () => setOpened(null);
  const make = admin ? (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("customers.make")}
    </Button>
  ) : null;
  return (
    <Page title={t("customers.title")} lead={t("customers.lead")} actions={make}>
      <Side opened={opened !== null} onClose={close} title={of ? t("customers.editTitle", { name: of.alias ?? of.user_id }) : t("customers.make")}>
        <CustomerForm of={of} onDone={close} />
      </Side>
      <Filters>
        <SearchField value={typed} onChange={setTyped} />
      </Filters>
      <CustomerTable source={source} onEdit={setOpened} empty={search ? <Empty title={t("common.noMatch")} /> : <Empty title={t("customers.none")} hint={t("customers.noneHint")} action={make} />} />
    </Page>
  );
}
