import { Button } from "@mantine/core";
import { IconRefresh, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePlugins, useReloadPlugins } from "../../api/plugins";
import { useStanding } from "../../api/session";
import { Filters } from "../../parts/Filters";
import { Page } from "../../parts/Page";
import { useSaid } from "../../parts/said";
import { SearchField } from "../../parts/SearchField";
import { Side } from "../../parts/Side";
import { Failed, Waiting } from "../../parts/States";
import { PluginDrawer } from "./PluginDrawer";
import { PluginList } from "./PluginList";
import { ReloadLog } from "./ReloadLog";
import { TryPlugin } from "./TryPlugin";

/** The components that are loaded, and what became of each file. */
export function Plugins() {
  const { t } = useTranslation();
  const { failed } = useSaid();
  const { data, error, isPending, refetch } = usePlugins();
  const reload = useReloadPlugins();
  const { admin } = useStanding();
  const [name, setName] = useState<string | null>(null);
  const [trying, setTrying] = useState(false);
  const [typed, setTyped] = useState("");
  const actions = admin ? (
    <>
      <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={reload.isPending} onClick={() => reload.mutate(undefined, { onError: failed })}>
        {t("plugins.reload")}
      </Button>
      <Button leftSection={<IconUpload size={16} aria-hidden />} onClick={() => setTrying(true)}>
        {t("plugins.try")}
      </Button>
    </>
  ) : null;
  return (
    <Page title={t("plugins.title")} lead={t("plugins.lead")} actions={actions}>
      <Side opened={trying} onClose={() => setTrying(false)} title={t("plugins.try")}>
        <TryPlugin onDone={() => setTrying(false)} />
      </Side>
      <PluginDrawer of={data?.plugins.find((it) => it.name === name) ?? null} onClose={() => setName(null)} />
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {isPending && !error ? <Waiting rows={8} /> : null}
      {data ? (
        <>
          <Filters>
            <SearchField value={typed} onChange={setTyped} />
          </Filters>
          <PluginList of={data.plugins.filter(({ name, summary }) => `${name} ${summary}`.toLowerCase().includes(typed.trim().toLowerCase()))} isAll={typed.trim() === ""} onOpen={setName} />
          <ReloadLog of={data} />
        </>
      ) : null}
    </Page>
  );
}
