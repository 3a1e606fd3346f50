import { Code, Group, Spoiler, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Turn } from "../../api/chat";
import classes from "./Playground.module.css";

/** One turn of a conversation. */
export function Said({ of, model }: { of: Turn; model: string }) {
  const { t } = useTranslation();
  const who = of.role === "user" ? t("playground.you") : of.role === "tool" ? t("playground.tools") : model;
  return (
    <div className={of.role === "user" ? `${classes.turn} ${classes.user}` : classes.turn}>
      <Text size="xs" c="dimmed" fw={600}>
        {who}
      </Text>
      {of.thought ? (
        <Spoiler maxHeight={48} showLabel={t("playground.thinking")} hideLabel={t("common.close")}>
          <Text size="sm" c="dimmed" className={classes.text}>
            {of.thought}
          </Text>
        </Spoiler>
      ) : null}
      {of.images.length > 0 ? (
        <Group gap="xs" my={4}>
          {of.images.map((url, at) => (
            <img key={url} src={url} alt={t("playground.image", { number: at + 1 })} className={classes.picture} />
          ))}
        </Group>
      ) : null}
      <Text size="sm" className={classes.text}>
        {of.text}
      </Text>
      {of.calls.map((call) => (
        <div key={call.id}>
          <Text size="sm" fw={550}>
            {t("playground.calls", { name: call.name })}
          </Text>
          <Code block>{call.arguments}</Code>
        </div>
      ))}
    </div>
  );
}
