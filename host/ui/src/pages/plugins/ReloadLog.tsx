import { Card, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { PluginTable } from "../../api/plugins";
import { type Column, DataTable } from "../../parts/DataTable";
import { useFormat } from "../../parts/format";
import { Tag } from "../../parts/Tag";

/** What became of a component: how it is said, and how loudly. */
const EVENTS: Record<string, readonly ["loaded" | "turnedAway" | "removed" | "rolledBack" | "kept", string]> = { loaded: ["loaded", "teal"], refused: ["turnedAway", "red"], removed: ["removed", "gray"], "rolled-back": ["rolledBack", "orange"], kept: ["kept", "gray"] };
const SHOWN = 30;

type Entry = PluginTable["log"][number];

/** What was loaded, refused and taken back, the latest first; and what is kept out. */
export function ReloadLog({ of }: { of: PluginTable }) {
  const { t } = useTranslation();
  const { time, duration } = useFormat();
  const kept = Object.entries(of.quarantined);
  const log = of.log.toSorted((a, b) => b.at_ms - a.at_ms).slice(0, SHOWN);
  const columns: Column<Entry>[] = [
    { title: t("common.time"), show: (it) => <span className="number">{time(it.at_ms)}</span> },
    { title: t("plugins.what"), show: (it) => <Event of={it.what} /> },
    { title: t("common.name"), show: (it) => it.plugin },
    {
      title: t("plugins.reason"),
      long: true,
      show: (it) => (
        <Text size="sm" c="dimmed" className="wrap">
          {it.detail || it.digest.slice(0, 12)}
        </Text>
      ),
    },
  ];
  return (
    <>
      {kept.length > 0 ? (
        <Card>
          <Text fw={600} mb="sm">
            {t("plugins.quarantined")}
          </Text>
          <Stack gap="xs">
            {kept.map(([digest, reason]) => (
              <div key={digest}>
                <Text size="xs" ff="monospace" c="dimmed" className="wrap">
                  {digest}
                </Text>
                <Text size="sm">{reason}</Text>
              </div>
            ))}
          </Stack>
        </Card>
      ) : null}
      {of.draining.length > 0 ? (
        <Card>
          <Text fw={600} mb="sm">
            {t("plugins.draining")}
          </Text>
          {of.draining.map((it) => (
            <Text key={`${it.name}${it.generation}`} size="sm">
              {t("plugins.drainingOne", { name: it.name, generation: it.generation, time: duration(it.seconds * 1000) })}
            </Text>
          ))}
        </Card>
      ) : null}
      <Card>
        <Text fw={600} mb="sm">
          {t("plugins.reloads")}
        </Text>
        {log.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("plugins.noReloads")}
          </Text>
        ) : (
          <DataTable name={t("plugins.reloads")} rows={log} columns={columns} id={(it) => `${it.at_ms}${it.plugin}${it.what}`} wide="narrow" dense />
        )}
      </Card>
    </>
  );
}

function Event({ of }: { of: string }) {
  const { t } = useTranslation();
  const known = EVENTS[of];
  return <Tag color={known?.[1] ?? "gray"}>{known ? t(`plugins.${known[0]}`) : of}</Tag>;
}
