import { Card, Group, Loader, Stack, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Turn } from "../../api/chat";
import { useFormat } from "../../parts/format";
import { Empty, Failed } from "../../parts/States";
import classes from "./Playground.module.css";
import { Said } from "./Said";
import { ToolAnswers } from "./ToolAnswers";
import type { Pane } from "./usePane";

/** What was said with one model, the latest at the end. */
export function Conversation({ pane, model, onAnswers }: { pane: Pane; model: string; onAnswers: (turns: Turn[]) => void }) {
  const { t } = useTranslation();
  const { count, duration, money } = useFormat();
  const end = useRef<HTMLDivElement>(null);
  const all = pane.coming ? [...pane.turns, pane.coming] : pane.turns;
  const length = all.length + (pane.coming?.text.length ?? 0);
  useEffect(() => {
    const region = end.current?.parentElement?.parentElement;
    if (length > 0) region?.scrollTo({ top: region.scrollHeight });
  }, [length]);
  const last = pane.turns.at(-1);
  const numbers = pane.numbers;
  const said = numbers ? [t("playground.numbers", { tokens: numbers.tokens === null ? "—" : count(numbers.tokens), time: duration(numbers.took) }), numbers.first === null ? null : t("playground.firstToken", { time: duration(numbers.first) }), numbers.cost === null ? null : money(numbers.cost)].filter(Boolean).join(" · ") : null;
  return (
    <Card padding="md">
      <section className={classes.conversation} tabIndex={0} aria-label={t("playground.conversation", { model })}>
        <Stack gap="md" aria-live="polite">
          {all.length === 0 ? <Empty title={t("playground.empty")} hint={t("playground.emptyHint")} /> : null}
          {all.map((turn, at) => (
            <Said key={at} of={turn} model={model} />
          ))}
          {pane.pending && !pane.coming ? <Loader size="sm" type="dots" aria-label={t("common.loading")} /> : null}
          {pane.error ? <Failed error={pane.error} /> : null}
          {!pane.pending && last?.role === "assistant" && last.calls.length > 0 ? <ToolAnswers calls={last.calls} onSend={onAnswers} /> : null}
          <div ref={end} />
        </Stack>
      </section>
      {said ? (
        <Group mt="sm">
          <Text size="xs" c="dimmed" role="status">
            {said}
          </Text>
        </Group>
      ) : null}
    </Card>
  );
}
