import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A page: what it is, what one can do on it, and its content. */
export function Page({ title, lead, actions, children }: { title: string; lead: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2}>{title}</Title>
          <Text c="dimmed" component="div">
            {lead}
          </Text>
        </div>
        {actions ? <Group gap="sm">{actions}</Group> : null}
      </Group>
      {children}
    </Stack>
  );
}
