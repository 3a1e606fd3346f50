import { Card, SimpleGrid, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Metrics } from "../api/usage";
import { useFormat } from "./format";
import classes from "./Measures.module.css";

export const MEASURES = { spend: "spend", api_requests: "requests", total_tokens: "tokens", failed_requests: "failures" } as const;
export type Measure = keyof typeof MEASURES;

/** The sums of a span; the pressed one is what the chart shows. */
export function Measures({ total, pressed, onPress }: { total: Metrics | null; pressed: Measure; onPress: (it: Measure) => void }) {
  const { t } = useTranslation();
  const { money, count, short, percent } = useFormat();
  const written = (name: Measure) => (total === null ? "…" : name === "spend" ? money(total.spend) : name === "total_tokens" ? short(total.total_tokens) : count(total[name]));
  const answered = total && total.api_requests > 0 ? `${percent(total.successful_requests / total.api_requests)} ${t("overview.successRate")}` : "\u00a0";
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      {(Object.keys(MEASURES) as Measure[]).map((name) => (
        <Card key={name} component="button" type="button" onClick={() => onPress(name)} aria-pressed={pressed === name} className={classes.tile} padding="md">
          <Text size="sm" c="dimmed">
            {t(`overview.${MEASURES[name]}`)}
          </Text>
          <Text className={classes.figure}>{written(name)}</Text>
          <Text size="xs" c="dimmed" className="number">
            {name === "failed_requests" ? answered : "\u00a0"}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}
