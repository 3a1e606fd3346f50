import { Select, Stack, Text } from "@mantine/core";
import { IconUserMinus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Organization, type OrganizationSeat, useChangeInOrganization, useRemoveFromOrganization } from "../../api/organizations";
import { useStanding } from "../../api/session";
import { ActionMenu } from "../../parts/ActionMenu";
import { type Column, Rows } from "../../parts/Rows";
import { useSaid } from "../../parts/said";
import { Empty } from "../../parts/States";
import { useConfirm } from "../../parts/useConfirm";
import { AddToOrganization } from "./AddToOrganization";

export const SEATS = ["internal_user", "internal_user_viewer", "org_admin"] as const;

/** Who is in an organization; a role is changed where it stands. */
export function OrganizationMembers({ of }: { of: Organization }) {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const [change, remove] = [useChangeInOrganization(), useRemoveFromOrganization()];
  const organization_id = of.organization_id;
  const nameOf = (seat: OrganizationSeat) => seat.user_email ?? seat.user_id;
  const removeIt = (seat: OrganizationSeat) =>
    confirm(t("common.remove"), t("organizations.removeLead", { name: nameOf(seat) }), () => void remove.mutateAsync({ organization_id, user_id: seat.user_id }).then(() => done(t("teams.removed", { name: nameOf(seat) })), failed));
  const setRole = (seat: OrganizationSeat, role: string | null) => {
    if (role && role !== seat.user_role) void change.mutateAsync({ organization_id, user_id: seat.user_id, role }).then(() => done(t("common.saved", { name: nameOf(seat) })), failed);
  };
  const columns: Column<OrganizationSeat>[] = [
    { title: t("teams.member"), show: (seat) => <Text size="sm">{nameOf(seat)}</Text> },
    {
      title: t("teams.role"),
      show: (seat) => <Select size="xs" disabled={!admin} allowDeselect={false} aria-label={`${t("teams.role")}: ${nameOf(seat)}`} value={seat.user_role} onChange={(role) => setRole(seat, role)} data={SEATS.map((value) => ({ value, label: t(`organizations.role_${value}`) }))} />,
    },
  ];
  if (admin) columns.push({ title: t("common.actions"), quiet: true, show: (seat) => <ActionMenu name={nameOf(seat)} actions={[{ label: t("common.remove"), icon: IconUserMinus, danger: true, act: () => removeIt(seat) }]} /> });
  return (
    <Stack>
      <Rows name={t("organizations.members")} rows={of.members} columns={columns} id={(seat) => seat.user_id} empty={<Empty title={t("organizations.noMembers")} />} wide="narrow" />
      {admin ? <AddToOrganization id={organization_id} /> : null}
    </Stack>
  );
}
