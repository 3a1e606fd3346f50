import { Progress, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Metrics } from "../../api/usage";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { SearchField } from "../../parts/SearchField";
import { Empty } from "../../parts/States";
import type { Group } from "../../parts/sums";

const SHOWN = 50;

/** What each group used, the most expensive first. */
export function UsageTable({ name, rows, total }: { name: string; rows: Group[]; total: Metrics }) {
  const { t } = useTranslation();
  const { money, count, short, percent } = useFormat();
  const [search, setSearch] = useState("");
  const share = (it: Metrics) => (total.spend > 0 ? it.spend / total.spend : it.api_requests / Math.max(total.api_requests, 1));
  const found = rows.filter((it) => `${it.name} ${it.id}`.toLowerCase().includes(search.trim().toLowerCase()));
  const columns: Column<Group>[] = [
    {
      title: name,
      show: (it) => (
        <Text size="sm" fw={550} truncate maw={280} title={it.id}>
          {it.name || t("common.none")}
        </Text>
      ),
    },
    { title: t("overview.share"), show: (it) => <Progress miw={80} maw={120} mt={6} value={share(it.metrics) * 100} aria-label={percent(share(it.metrics))} size="sm" /> },
    { title: t("overview.spend"), number: true, show: (it) => money(it.metrics.spend) },
    { title: t("overview.requests"), number: true, show: (it) => count(it.metrics.api_requests) },
    { title: t("overview.failures"), number: true, show: (it) => count(it.metrics.failed_requests) },
    { title: t("overview.promptTokens"), number: true, show: (it) => short(it.metrics.prompt_tokens) },
    { title: t("overview.completionTokens"), number: true, show: (it) => short(it.metrics.completion_tokens) },
    { title: t("overview.cachedTokens"), number: true, show: (it) => short(it.metrics.cache_read_input_tokens) },
    { title: t("usage.perRequest"), number: true, show: (it) => (it.metrics.api_requests > 0 ? money(it.metrics.spend / it.metrics.api_requests) : "—") },
  ];
  return (
    <>
      {rows.length > 10 ? <SearchField value={search} onChange={setSearch} /> : null}
      <Rows name={name} rows={found.slice(0, SHOWN)} columns={columns} id={(it) => it.id} empty={<Empty title={search ? t("common.noMatch") : t("overview.noCalls")} />} wide="wide" />
      {found.length > SHOWN ? (
        <Text size="sm" c="dimmed" ta="center">
          {t("usage.cut", { shown: SHOWN, count: found.length })}
        </Text>
      ) : null}
    </>
  );
}
