import { Alert, Button, Center, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** In place of rows that are still to come. */
export function Waiting({ rows = 5, height = 36 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" role="status" aria-label={t("common.loading")}>
      {Array.from({ length: rows }, (_, at) => (
        <Skeleton key={at} height={height} />
      ))}
    </Stack>
  );
}

/** What went wrong, in the gateway's words. */
export function Failed({ error, again }: { error: Error; again?: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t("common.failed")} role="alert">
      <Group justify="space-between">
        <Text size="sm">{error.message}</Text>
        {again ? (
          <Button size="xs" variant="light" color="red" onClick={again}>
            {t("common.retry")}
          </Button>
        ) : null}
      </Group>
    </Alert>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ title, hint, action }: { title: string; hint?: string; action?: ReactNode }) {
  return (
    <Center py={48}>
      <Stack align="center" gap="xs" maw={420}>
        <Text fw={600}>{title}</Text>
        {hint ? (
          <Text c="dimmed" ta="center" size="sm">
            {hint}
          </Text>
        ) : null}
        {action}
      </Stack>
    </Center>
  );
}

export function NoPage() {
  const { t } = useTranslation();
  return <Empty title={t("common.notFound")} />;
}
