import { Progress, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Metrics } from "../../api/usage";
import { type Column, DataTable } from "../../parts/DataTable";
import { useFormat } from "../../parts/format";
import type { Group } from "../../parts/sums";

const SHOWN = 20;

/** Who or what the calls were of, the most expensive first. */
export function Shares({ rows, title, total }: { rows: Group[]; title: string; total: Metrics }) {
  const { t } = useTranslation();
  const { money, count, short, percent } = useFormat();
  const share = (it: Metrics) => (total.spend > 0 ? it.spend / total.spend : it.api_requests / Math.max(total.api_requests, 1));
  const columns: Column<Group>[] = [
    {
      title,
      show: (it) => (
        <Text size="sm" fw={550} truncate maw={320} title={it.id}>
          {it.name || t("common.none")}
        </Text>
      ),
    },
    { title: t("overview.share"), show: (it) => <Progress miw={80} maw={120} mt={6} value={share(it.metrics) * 100} aria-label={percent(share(it.metrics))} size="sm" /> },
    { title: t("overview.spend"), number: true, show: (it) => money(it.metrics.spend) },
    { title: t("overview.requests"), number: true, show: (it) => count(it.metrics.api_requests) },
    { title: t("overview.failures"), number: true, show: (it) => count(it.metrics.failed_requests) },
    { title: t("overview.tokens"), number: true, show: (it) => short(it.metrics.total_tokens) },
  ];
  return <DataTable name={title} rows={rows.slice(0, SHOWN)} columns={columns} id={(it) => it.id} wide="narrow" />;
}
