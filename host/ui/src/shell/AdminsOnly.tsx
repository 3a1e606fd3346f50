import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../api/session";
import { Empty } from "../parts/States";

/** A page that the gateway would refuse to others says so, and asks for nothing. */
export function AdminsOnly({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { seesAll } = useStanding();
  return seesAll ? children : <Empty title={t("common.noAccess")} hint={t("common.noAccessHint")} />;
}
