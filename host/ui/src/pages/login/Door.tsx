import { Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { ROOT } from "../../api/root";
import { ColourMenu } from "../../shell/ColourMenu";
import { LanguageMenu } from "../../shell/LanguageMenu";
import classes from "./Door.module.css";

/** The frame of what is seen before one is in. */
export function Door({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <Card className={classes.card} shadow="sm" padding="xl">
        <Stack>
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <img src={`${ROOT}/ui/mark.svg`} alt="" width={36} height={36} />
            <Group gap={4} wrap="nowrap">
              <LanguageMenu />
              <ColourMenu />
            </Group>
          </Group>
          <div>
            <Title order={1} size="h2">
              {title}
            </Title>
            {lead ? <Text c="dimmed">{lead}</Text> : null}
          </div>
          {children}
        </Stack>
      </Card>
    </Center>
  );
}
