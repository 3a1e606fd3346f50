import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Key } from "../../api/keys";
import type { TeamDetail } from "../../api/teams";
import { BudgetBar } from "../../parts/BudgetBar";
import { type Column, Rows } from "../../parts/Rows";
import { Empty } from "../../parts/States";
import { Tag } from "../../parts/Tag";

/** The keys of a team that the caller may see. */
export function TeamKeys({ of }: { of: Pick<TeamDetail, "keys"> }) {
  const { t } = useTranslation();
  const columns: Column<Key>[] = [
    { title: t("keys.alias"), show: (key) => <Text size="sm">{key.key_alias ?? key.key_name}</Text> },
    { title: t("keys.owner"), show: (key) => <Text size="sm">{key.user_id ?? "—"}</Text> },
    { title: t("common.spend"), show: (key) => <BudgetBar spend={key.spend} budget={key.max_budget} resets={null} /> },
    { title: t("common.status"), show: (key) => <Tag color={key.blocked ? "red" : "teal"}>{key.blocked ? t("common.blocked") : t("common.active")}</Tag> },
  ];
  return <Rows name={t("teams.keys")} rows={of.keys} columns={columns} id={(key) => key.token} empty={<Empty title={t("teams.noKeys")} />} wide="narrow" />;
}
