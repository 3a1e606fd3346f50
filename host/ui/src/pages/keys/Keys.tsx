import { Badge, Button, Card, Group, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Key, useKeys } from "../../api/keys";
import { useTeamNames } from "../../api/lookups";
import { BudgetBar } from "../../parts/BudgetBar";
import { useFormat } from "../../parts/format";
import { Page } from "../../parts/Page";
import { Empty, Failed, Waiting } from "../../parts/States";
import { KeyDrawer } from "./KeyDrawer";
import { KeyMenu } from "./KeyMenu";

/** Nothing, a new key, or one that is there. */
export type Opened = null | "new" | Key;

export function Keys() {
  const { t } = useTranslation();
  const { date } = useFormat();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 300);
  const [opened, setOpened] = useState<Opened>(null);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useKeys(search);
  const { data: teams } = useTeamNames();
  const teamName = (id: string | null) => teams?.find((it) => it.team_id === id)?.team_alias ?? id;
  const keys = data?.pages.flatMap((page) => page.keys);
  const make = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpened("new")}>
      {t("keys.make")}
    </Button>
  );
  return (
    <Page title={t("keys.title")} lead={t("keys.lead")} actions={make}>
      <KeyDrawer opened={opened} onClose={() => setOpened(null)} />
      <TextInput value={typed} onChange={(event) => setTyped(event.currentTarget.value)} aria-label={t("common.search")} placeholder={t("common.search")} leftSection={<IconSearch size={16} aria-hidden />} maw={320} />
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      <Card p={0}>
        {isPending && !error ? <Card.Section p="lg"><Waiting /></Card.Section> : null}
        {keys?.length === 0 ? <Empty title={t("keys.noKeys")} hint={t("keys.noKeysHint")} action={make} /> : null}
        {keys && keys.length > 0 ? (
          <Table.ScrollContainer minWidth={820}>
            <Table horizontalSpacing="md">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("keys.alias")}</Table.Th>
                  <Table.Th>{t("keys.team")}</Table.Th>
                  <Table.Th>{t("keys.models")}</Table.Th>
                  <Table.Th>{t("keys.spend")}</Table.Th>
                  <Table.Th>{t("keys.expires")}</Table.Th>
                  <Table.Th>{t("keys.status")}</Table.Th>
                  <Table.Th aria-label={t("common.actions")} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {keys.map((key) => (
                  <Table.Tr key={key.token}>
                    <Table.Td>
                      <Text size="sm" fw={550}>
                        {key.key_alias ?? t("common.none")}
                      </Text>
                      <Text size="xs" c="dimmed" ff="monospace">
                        {key.key_name}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{teamName(key.team_id) ?? "—"}</Text>
                      {key.user_id ? (
                        <Text size="xs" c="dimmed">
                          {key.user_id}
                        </Text>
                      ) : null}
                    </Table.Td>
                    <Table.Td>
                      <Models names={key.models} />
                    </Table.Td>
                    <Table.Td>
                      <BudgetBar spend={key.spend} budget={key.max_budget} resets={key.budget_duration ? key.budget_reset_at : null} />
                    </Table.Td>
                    <Table.Td className="number">{key.expires ? date(key.expires) : t("common.never")}</Table.Td>
                    <Table.Td>
                      <State of={key} />
                    </Table.Td>
                    <Table.Td>
                      <KeyMenu of={key} edit={() => setOpened(key)} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        ) : null}
      </Card>
      {hasNextPage ? (
        <Group justify="center">
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("common.more")}
          </Button>
        </Group>
      ) : null}
    </Page>
  );
}

function Models({ names }: { names: string[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return <Text size="sm">{t("keys.allModels")}</Text>;
  return (
    <Group gap={4}>
      {names.slice(0, 3).map((name) => (
        <Badge key={name} variant="light" color="gray" tt="none">
          {name}
        </Badge>
      ))}
      {names.length > 3 ? (
        <Badge variant="outline" color="gray" title={names.slice(3).join(", ")}>
          +{names.length - 3}
        </Badge>
      ) : null}
    </Group>
  );
}

function State({ of }: { of: Key }) {
  const { t } = useTranslation();
  const expired = of.expires !== null && Date.parse(of.expires) < Date.now();
  const [name, colour] = of.blocked ? (["blocked", "red"] as const) : expired ? (["expired", "gray"] as const) : (["active", "teal"] as const);
  return (
    <Badge color={colour} variant="light" tt="none">
      {t(`keys.${name}`)}
    </Badge>
  );
}
