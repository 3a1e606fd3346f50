import { useTranslation } from "react-i18next";

import { Tag } from "../../parts/Tag";

/** What can be done to a thing: how it is said, and how loudly. */
const ACTIONS = {
  created: ["did_created", "teal"],
  updated: ["did_updated", "gray"],
  deleted: ["did_deleted", "red"],
  blocked: ["did_blocked", "orange"],
  unblocked: ["did_unblocked", "teal"],
  rotated: ["did_rotated", "gray"],
  uploaded: ["did_uploaded", "teal"],
  "rolled back": ["did_rolledBack", "orange"],
  spend_reset: ["did_spendReset", "gray"],
  migrated: ["did_migrated", "gray"],
  reloaded: ["did_reloaded", "gray"],
} as const;

/** What was done, by one entry of the audit log. */
export function AuditAction({ of }: { of: string }) {
  const { t } = useTranslation();
  if (!(of in ACTIONS)) return <Tag>{of}</Tag>;
  const [word, colour] = ACTIONS[of as keyof typeof ACTIONS];
  return <Tag color={colour}>{t(`settings.${word}`)}</Tag>;
}
