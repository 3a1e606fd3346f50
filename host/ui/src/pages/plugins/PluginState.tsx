import { useTranslation } from "react-i18next";

import type { Plugin } from "../../api/plugins";
import { Tag } from "../../parts/Tag";

const STATES: Record<string, readonly ["serving" | "circuitOpen" | "fileGone", string]> = { serving: ["serving", "teal"], "circuit-open": ["circuitOpen", "red"], "file-gone": ["fileGone", "orange"] };

/** Whether a component serves. */
export function PluginState({ of }: { of: Plugin }) {
  const { t } = useTranslation();
  const known = STATES[of.state];
  return <Tag color={known?.[1] ?? "gray"}>{known ? t(`plugins.${known[0]}`) : of.state}</Tag>;
}
