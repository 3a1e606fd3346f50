import { Alert, Stack } from "@mantine/core";
import { IconMail } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { type Invitation, invitationLink } from "../../api/users";
import { CopyField } from "../../parts/CopyField";
import { useFormat } from "../../parts/format";

/** A link that lets one person choose a password. */
export function InvitationText({ of }: { of: Invitation }) {
  const { t } = useTranslation();
  const { time } = useFormat();
  return (
    <Stack>
      <Alert color="orange" icon={<IconMail aria-hidden />}>
        {t("users.inviteLead", { date: time(of.expires_at) })}
      </Alert>
      <CopyField text={invitationLink(of)} block />
    </Stack>
  );
}
