import { Button, Group, Stack, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { type ToolCall, type Turn, turn } from "../../api/chat";

/** What the tools that a model called would have answered, written by hand. */
export function ToolAnswers({ calls, onSend }: { calls: ToolCall[]; onSend: (turns: Turn[]) => void }) {
  const { t } = useTranslation();
  const [answers, setAnswers] = useState<Record<string, string>>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend(calls.map((call) => turn("tool", answers[call.id] ?? "", { callId: call.id })));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {calls.map((call) => (
          <Textarea key={call.id} label={t("playground.toolAnswer", { name: call.name })} autosize minRows={1} maxRows={6} value={answers[call.id] ?? ""} onChange={(event) => setAnswers({ ...answers, [call.id]: event.currentTarget.value })} />
        ))}
        <Group>
          <Button size="xs" type="submit">
            {t("playground.sendAnswers")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
