import { Alert, Button, Group, Text } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** Keeps a page that broke from taking the whole window with it. */
export class Broken extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error ? <Note of={this.state.error} /> : this.props.children;
  }
}

function Note({ of }: { of: Error }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" title={t("common.crashed")} role="alert">
      <Text size="sm">{t("common.crashedHint")}</Text>
      <Text size="sm" c="dimmed" my="xs">
        {of.message}
      </Text>
      <Group>
        <Button size="xs" onClick={() => location.reload()}>
          {t("common.reload")}
        </Button>
      </Group>
    </Alert>
  );
}
