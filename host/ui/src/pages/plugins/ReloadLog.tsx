import { Card, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { PluginTable } from "../../api/plugins";
import { useFormat } from "../../parts/format";
import { Scroll } from "../../parts/Scroll";
import { Tag } from "../../parts/Tag";

const COLOURS: Record<string, string> = { loaded: "teal", swapped: "teal", refused: "red", "rolled-back": "orange" };
const SHOWN = 30;

/** What was loaded, refused and taken back, the latest first; and what is kept out. */
export function ReloadLog({ of }: { of: PluginTable }) {
  const { t } = useTranslation();
  const { time } = useFormat();
  const kept = Object.entries(of.quarantined);
  const log = of.log.toSorted((a, b) => b.at_ms - a.at_ms).slice(0, SHOWN);
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
      <Card>
        <Text fw={600} mb="sm">
          {t("plugins.reloads")}
        </Text>
        {log.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("plugins.noReloads")}
          </Text>
        ) : (
          <Scroll label={t("common.table", { name: t("plugins.reloads") })} wide="narrow">
            <Table verticalSpacing={6}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("common.time")}</Table.Th>
                  <Table.Th>{t("plugins.what")}</Table.Th>
                  <Table.Th>{t("common.name")}</Table.Th>
                  <Table.Th>{t("plugins.reason")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {log.map((entry) => (
                  <Table.Tr key={`${entry.at_ms}${entry.plugin}${entry.what}`}>
                    <Table.Td className="number" w={180}>
                      {time(entry.at_ms)}
                    </Table.Td>
                    <Table.Td w={120}>
                      <Tag color={COLOURS[entry.what] ?? "gray"}>
                        {entry.what}
                      </Tag>
                    </Table.Td>
                    <Table.Td w={180}>{entry.plugin}</Table.Td>
                    <Table.Td>
                      <Text size="sm" c="dimmed">
                        {entry.detail || entry.digest.slice(0, 12)}
                      </Text>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Scroll>
        )}
      </Card>
    </>
  );
}
