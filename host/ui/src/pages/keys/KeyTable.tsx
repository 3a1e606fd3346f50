import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Key, useKeys } from "../../api/keys";
import { useTeamNames } from "../../api/lookups";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { Tag } from "../../parts/Tag";
import { KeyMenu } from "./KeyMenu";

/** Keys, one a row. */
export function KeyTable({ source, onEdit, empty }: { source: ReturnType<typeof useKeys>; onEdit: (key: Key) => void; empty: ReactNode }) {
  const { t } = useTranslation();
  const { date } = useFormat();
  const keys = source.data?.pages.flatMap((page) => page.keys);
  const teamName = useTeamNames((keys ?? []).map((key) => key.team_id));
  const columns: Column<Key>[] = [
    { title: t("keys.alias"), show: (key) => <Two first={key.key_alias ?? t("common.none")} second={key.key_name} code /> },
    { title: t("keys.team"), show: (key) => <Two first={key.team_id ? teamName(key.team_id) : "—"} second={key.user?.user_alias ?? key.user?.user_email ?? key.user_id} /> },
    { title: t("keys.models"), show: (key) => <Names names={key.models} none={t("keys.allModels")} /> },
    { title: t("keys.spend"), show: (key) => <BudgetBar spend={key.spend} budget={key.max_budget} resets={key.budget_duration ? key.budget_reset_at : null} /> },
    { title: t("keys.expires"), show: (key) => <span className="number">{key.expires ? date(key.expires) : t("common.never")}</span> },
    { title: t("keys.status"), show: (key) => <KeyState of={key} /> },
    { title: t("common.actions"), quiet: true, show: (key) => <KeyMenu of={key} edit={() => onEdit(key)} /> },
  ];
  return <Rows name={t("keys.title")} rows={keys} columns={columns} id={(key) => key.token} source={source} empty={empty} wide="wide" />;
}

function Two({ first, second, code }: { first: string; second: string | null; code?: boolean }) {
  return (
    <Stack gap={0}>
      <Text size="sm" fw={code ? 550 : undefined}>
        {first}
      </Text>
      {second ? (
        <Text size="xs" c="dimmed" ff={code ? "monospace" : undefined}>
          {second}
        </Text>
      ) : null}
    </Stack>
  );
}

function KeyState({ of }: { of: Key }) {
  const { t } = useTranslation();
  const expired = of.expires !== null && Date.parse(of.expires) < Date.now();
  const [name, colour] = of.blocked ? (["blocked", "red"] as const) : expired ? (["expired", "gray"] as const) : (["active", "teal"] as const);
  return <Tag color={colour}>{t(`keys.${name}`)}</Tag>;
}
