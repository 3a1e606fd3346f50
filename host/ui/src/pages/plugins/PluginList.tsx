import { Button, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { faults, latency, type Plugin } from "../../api/plugins";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { Empty } from "../../parts/States";
import { PluginState } from "./PluginState";

/** Components, one a row. */
export function PluginList({ of, isAll, onOpen }: { of: Plugin[]; isAll: boolean; onOpen: (name: string) => void }) {
  const { t } = useTranslation();
  const { count, bytes, duration } = useFormat();
  const took = (it: Plugin) => {
    const ms = latency(it.stats);
    return ms === null ? "—" : duration(ms);
  };
  const columns: Column<Plugin>[] = [
    {
      title: t("common.name"),
      show: (it) => (
        <>
          <Button variant="transparent" size="compact-sm" px={0} onClick={() => onOpen(it.name)}>
            {it.name}
          </Button>
          <Text size="xs" c="dimmed" maw={380} truncate title={it.summary}>
            {it.summary}
          </Text>
        </>
      ),
    },
    { title: t("plugins.state"), show: (it) => <PluginState of={it} /> },
    {
      title: t("plugins.source"),
      show: (it) => (
        <>
          <Text size="sm">{it.source === "bundled" ? t("plugins.bundled") : it.source}</Text>
          <Text size="xs" c="dimmed">
            {it.version}
          </Text>
        </>
      ),
    },
    { title: t("plugins.generation"), number: true, show: (it) => it.generation },
    { title: t("plugins.calls"), number: true, show: (it) => count(it.stats.calls ?? 0) },
    { title: t("plugins.latency"), number: true, show: took },
    { title: t("plugins.memory"), number: true, show: (it) => bytes(it.stats.memory_high_water ?? 0) },
    {
      title: t("plugins.faults"),
      number: true,
      show: (it) => (
        <Text size="sm" span c={faults(it) > 0 ? "red" : undefined} fw={faults(it) > 0 ? 600 : undefined}>
          {count(faults(it))}
        </Text>
      ),
    },
  ];
  return <Rows name={t("plugins.title")} rows={of} columns={columns} id={(it) => it.name} empty={<Empty title={t(isAll ? "plugins.none" : "common.noMatch")} />} wide="wide" />;
}
