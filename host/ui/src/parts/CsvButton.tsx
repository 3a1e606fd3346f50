import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { download } from "../api/client";
import { useSaid } from "./said";

/** Saves what stands at a path as a file. */
export function CsvButton({ where, name }: { where: string; name: string }) {
  const { t } = useTranslation();
  const { failed } = useSaid();
  const [pending, setPending] = useState(false);
  const save = () => {
    setPending(true);
    download(where, name)
      .catch(failed)
      .finally(() => setPending(false));
  };
  return (
    <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} loading={pending} onClick={save}>
      {t("common.export")}
    </Button>
  );
}
