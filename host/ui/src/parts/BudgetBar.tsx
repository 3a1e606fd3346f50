import { Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "./format";

/** How much of a budget is spent. */
export function BudgetBar({ spend, budget, resets }: { spend: number; budget: number | null; resets: string | null }) {
  const { t } = useTranslation();
  const { money, date } = useFormat();
  if (budget === null) {
    return <Text size="sm">{money(spend)}</Text>;
  }
  const share = budget > 0 ? Math.min(spend / budget, 1) * 100 : 100;
  const text = t("keys.spentOf", { spend: money(spend), budget: money(budget) });
  return (
    <Stack gap={4} miw={150}>
      <Text size="sm" className="number">
        {text}
      </Text>
      <Progress value={share} color={share >= 100 ? "red" : share >= 80 ? "orange" : "cyan"} size="sm" aria-label={text} />
      {resets ? (
        <Text size="xs" c="dimmed">
          {t("keys.begins", { date: date(resets) })}
        </Text>
      ) : null}
    </Stack>
  );
}
