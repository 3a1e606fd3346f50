import { Button, Card, Group, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { faults, type Plugin, usePlugins, useReloadPlugins } from "../../api/plugins";
import { useFormat } from "../../parts/format";
import { Page } from "../../parts/Page";
import { Scroll } from "../../parts/Scroll";
import { Failed, Waiting } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { PluginDrawer } from "./PluginDrawer";
import { ReloadLog } from "./ReloadLog";

/** The components that are loaded, and what became of each file. */
export function Plugins() {
  const { t } = useTranslation();
  const { count, bytes, duration } = useFormat();
  const { data, error, isPending, refetch } = usePlugins();
  const reload = useReloadPlugins();
  const [name, setName] = useState<string | null>(null);
  const look = () => reload.mutate(undefined, { onError: (cause) => notifications.show({ color: "red", title: t("common.failed"), message: cause.message }) });
  return (
    <Page
      title={t("plugins.title")}
      lead={t("plugins.lead")}
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={reload.isPending} onClick={look}>
          {t("plugins.reload")}
        </Button>
      }
    >
      <PluginDrawer of={data?.plugins.find((it) => it.name === name) ?? null} onClose={() => setName(null)} />
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {isPending && !error ? <Waiting rows={8} /> : null}
      {data ? (
        <>
          <Card p={0}>
            <Scroll label={t("common.table", { name: t("plugins.title") })} wide="wide">
              <Table horizontalSpacing="md">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("common.name")}</Table.Th>
                    <Table.Th>{t("plugins.state")}</Table.Th>
                    <Table.Th>{t("plugins.source")}</Table.Th>
                    <Table.Th ta="right">{t("plugins.generation")}</Table.Th>
                    <Table.Th ta="right">{t("plugins.calls")}</Table.Th>
                    <Table.Th ta="right">{t("plugins.cpu")}</Table.Th>
                    <Table.Th ta="right">{t("plugins.memory")}</Table.Th>
                    <Table.Th ta="right">{t("plugins.faults")}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.plugins.map((plugin) => (
                    <Table.Tr key={plugin.name}>
                      <Table.Td>
                        <Button variant="transparent" size="compact-sm" px={0} onClick={() => setName(plugin.name)}>
                          {plugin.name}
                        </Button>
                        <Text size="xs" c="dimmed" maw={380} truncate title={plugin.summary}>
                          {plugin.summary}
                        </Text>
                      </Table.Td>
                      <Table.Td>
                        <StateBadge of={plugin} />
                      </Table.Td>
                      <Table.Td>
                        <Text size="sm">{plugin.source === "bundled" ? t("plugins.bundled") : plugin.source}</Text>
                        <Text size="xs" c="dimmed">
                          {plugin.version}
                        </Text>
                      </Table.Td>
                      <Table.Td ta="right" className="number">
                        {plugin.generation}
                      </Table.Td>
                      <Table.Td ta="right" className="number">
                        {count(plugin.stats.calls ?? 0)}
                      </Table.Td>
                      <Table.Td ta="right" className="number">
                        {plugin.stats.calls ? duration(((plugin.stats.cpu_seconds ?? 0) / plugin.stats.calls) * 1000) : "—"}
                      </Table.Td>
                      <Table.Td ta="right" className="number">
                        {bytes(plugin.stats.memory_high_water ?? 0)}
                      </Table.Td>
                      <Table.Td ta="right" className="number">
                        <Text size="sm" c={faults(plugin) > 0 ? "red" : undefined} fw={faults(plugin) > 0 ? 600 : undefined}>
                          {count(faults(plugin))}
                        </Text>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Scroll>
          </Card>
          <ReloadLog of={data} />
        </>
      ) : null}
    </Page>
  );
}

const STATES: Record<string, readonly ["serving" | "circuitOpen" | "fileGone", string]> = { serving: ["serving", "teal"], "circuit-open": ["circuitOpen", "red"], "file-gone": ["fileGone", "orange"] };

export function StateBadge({ of }: { of: Plugin }) {
  const { t } = useTranslation();
  const known = STATES[of.state];
  return (
    <Group gap={4}>
      <Tag color={known?.[1] ?? "gray"}>
        {known ? t(`plugins.${known[0]}`) : of.state}
      </Tag>
    </Group>
  );
}
