import { Progress, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Metrics } from "../../api/usage";
import { useFormat } from "../../parts/format";
import { Scroll } from "../../parts/Scroll";
import type { Group } from "../../parts/sums";

const SHOWN = 20;

/** Who or what the calls were of, the most expensive first. */
export function Shares({ rows, title, total }: { rows: Group[]; title: string; total: Metrics }) {
  const { t } = useTranslation();
  const { money, count, short, percent } = useFormat();
  const share = (it: Metrics) => (total.spend > 0 ? it.spend / total.spend : it.api_requests / Math.max(total.api_requests, 1));
  return (
    <Scroll label={t("common.table", { name: title })} wide="narrow">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{title}</Table.Th>
            <Table.Th w={140}>{t("overview.share")}</Table.Th>
            <Table.Th ta="right">{t("overview.spend")}</Table.Th>
            <Table.Th ta="right">{t("overview.requests")}</Table.Th>
            <Table.Th ta="right">{t("overview.failures")}</Table.Th>
            <Table.Th ta="right">{t("overview.tokens")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.slice(0, SHOWN).map(({ id, name, metrics }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Text size="sm" truncate maw={320} title={id}>
                  {name || t("common.none")}
                </Text>
              </Table.Td>
              <Table.Td>
                <Progress value={share(metrics) * 100} aria-label={percent(share(metrics))} size="sm" />
              </Table.Td>
              <Table.Td className="number" ta="right">
                {money(metrics.spend)}
              </Table.Td>
              <Table.Td className="number" ta="right">
                {count(metrics.api_requests)}
              </Table.Td>
              <Table.Td className="number" ta="right">
                {count(metrics.failed_requests)}
              </Table.Td>
              <Table.Td className="number" ta="right">
                {short(metrics.total_tokens)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}
