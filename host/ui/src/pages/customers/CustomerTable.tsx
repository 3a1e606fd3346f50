import { Text } from "@mantine/core";
import { IconBan, IconEdit, IconLockOpen, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { type Customer, type useCustomers, useBlockCustomer, useDeleteCustomer } from "../../api/customers";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Names } from "../../parts/Names";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";

/** Customers, one a row. */
export function CustomerTable({ source, onEdit, empty }: { source: ReturnType<typeof useCustomers>; onEdit: (of: Customer) => void; empty: ReactNode }) {
  const { t } = useTranslation();
  const { date } = useFormat();
  const { admin } = useStanding();
  const columns: Column<Customer>[] = [
    {
      title: t("customers.alias"),
      show: (it) => (
        <>
          <Text size="sm" fw={550}>
            {it.alias ?? it.user_id}
          </Text>
          {it.alias ? (
            <Text size="xs" c="dimmed">
              {it.user_id}
            </Text>
          ) : null}
        </>
      ),
    },
    { title: t("common.models"), show: (it) => <Names names={it.models} none={t("keys.allModels")} /> },
    { title: t("customers.defaultModel"), show: (it) => <Text size="sm">{it.default_model ?? "—"}</Text> },
    { title: t("common.spend"), show: (it) => <BudgetBar spend={it.spend} budget={it.litellm_budget_table?.max_budget ?? null} resets={it.litellm_budget_table?.budget_reset_at ?? null} /> },
    { title: t("common.status"), show: (it) => <Tag color={it.blocked ? "red" : "teal"}>{it.blocked ? t("common.blocked") : t("common.active")}</Tag> },
    { title: t("common.created"), show: (it) => <span className="number">{date(it.created_at)}</span> },
  ];
  if (admin) columns.push({ title: t("common.actions"), quiet: true, show: (it) => <CustomerMenu of={it} edit={() => onEdit(it)} /> });
  return <Rows name={t("customers.title")} rows={source.data?.pages.flatMap((page) => page.customers)} columns={columns} id={(it) => it.user_id} source={source} empty={empty} wide="wide" />;
}

function CustomerMenu({ of, edit }: { of: Customer; edit: () => void }) {
  const { t } = useTranslation();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const [remove, block] = [useDeleteCustomer(), useBlockCustomer()];
  const name = of.alias ?? of.user_id;
  const deleteIt = () => confirm(t("common.delete"), t("customers.deleteLead", { name }), () => void remove.mutateAsync(of.user_id).then(() => done(t("common.deleted", { name })), failed));
  return (
    <ActionMenu
      name={name}
      actions={[
        { label: t("common.edit"), icon: IconEdit, act: edit },
        { label: of.blocked ? t("common.unblock") : t("common.block"), icon: of.blocked ? IconLockOpen : IconBan, act: () => void block.mutateAsync({ id: of.user_id, blocked: !of.blocked }).catch(failed) },
        { label: t("common.delete"), icon: IconTrash, danger: true, act: deleteIt },
      ]}
    />
  );
}
