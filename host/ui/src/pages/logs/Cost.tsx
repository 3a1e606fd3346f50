import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Attempt, Breakdown, Call } from "../../api/logs";
import { useFormat } from "../../parts/format";
import { type Column, Rows } from "../../parts/Rows";
import { Empty } from "../../parts/States";

const PARTS = { input_cost: "costInput", cache_read_cost: "costCacheRead", cache_creation_cost: "costCacheWrite", output_cost: "costOutput", reasoning_cost: "costReasoning", tool_usage_cost: "costTools", discount_amount: "costDiscount", margin_total_amount: "costMargin", total_cost: "costTotal" } as const;
type Part = keyof typeof PARTS;

/** What a cost is made of: by attempt, and by what was paid for. */
export function Cost({ of }: { of: Call }) {
  const { t } = useTranslation();
  const { cost_breakdown: breakdown, attempts = [] } = of.metadata;
  return (
    <Stack>
      {breakdown ? <Lines of={breakdown} /> : null}
      {breakdown || attempts.length === 0 ? null : (
        <Text size="sm" c="dimmed">
          {t(of.spend === null ? "logs.costUnknown" : "logs.costNotTold")}
        </Text>
      )}
      <Attempts of={attempts} />
    </Stack>
  );
}

function Lines({ of }: { of: Breakdown }) {
  const { t } = useTranslation();
  const { money } = useFormat();
  // Without these two a cost would be a riddle; the others are told where they say something.
  const shown = (Object.keys(PARTS) as Part[]).filter((it) => of[it] !== 0 || it === "total_cost" || it === "input_cost" || it === "output_cost");
  const columns: Column<Part>[] = [
    {
      title: t("logs.costPart"),
      show: (it) => (
        <Text size="sm" fw={it === "total_cost" ? 600 : undefined}>
          {t(`logs.${PARTS[it]}`)}
        </Text>
      ),
    },
    { title: t("logs.cost"), number: true, show: (it) => money(it === "discount_amount" ? -of[it] : of[it]) },
  ];
  return <Rows name={t("logs.costBreakdown")} rows={shown} columns={columns} id={(it) => it} empty={null} wide="small" />;
}

function Attempts({ of }: { of: Attempt[] }) {
  const { t } = useTranslation();
  const { money, count } = useFormat();
  const columns: Column<Attempt>[] = [
    { title: t("logs.model"), show: (it) => `${it.custom_llm_provider}/${it.model}` },
    { title: t("logs.tokensIn"), number: true, show: (it) => count(it.usage?.prompt_tokens ?? 0) },
    { title: t("logs.tokensOut"), number: true, show: (it) => count(it.usage?.completion_tokens ?? 0) },
    { title: t("logs.cost"), number: true, show: (it) => money(it.spend) },
  ];
  // One deployment may have been asked twice.
  const rows = of.map((it, at) => ({ ...it, at }));
  return <Rows name={t("logs.attempts")} rows={rows} columns={columns} id={(it) => String(it.at)} empty={<Empty title={t("logs.noAttempts")} />} wide="narrow" />;
}
