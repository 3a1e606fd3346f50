import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Side } from "../../parts/Side";
import { KeyForm } from "./KeyForm";
import type { Opened } from "./Keys";
import { MadeKey } from "./MadeKey";

/** A new key or a change of one; of a new one its text, this once. */
export function KeyDrawer({ opened, onClose }: { opened: Opened; onClose: () => void }) {
  const { t } = useTranslation();
  const [made, setMade] = useState<string | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  const title = opened === "new" || opened === null ? t("keys.make") : t("keys.editTitle", { name: opened.key_alias ?? opened.key_name });
  return (
    <Side opened={opened !== null} onClose={close} title={made ? t("keys.made") : title}>
      {made ? <MadeKey text={made} onDone={close} /> : opened ? <KeyForm of={opened === "new" ? null : opened} onMade={setMade} onDone={close} /> : null}
    </Side>
  );
}
