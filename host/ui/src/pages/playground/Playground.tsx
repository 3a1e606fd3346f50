import { Button, Grid, Group, Select, SimpleGrid, Stack, Switch } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCode, IconEraser } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Turn } from "../../api/chat";
import { useModelNames } from "../../api/lookups";
import { Page } from "../../parts/Page";
import { Empty, Failed, Waiting } from "../../parts/States";
import { CodeModal } from "./CodeModal";
import { Composer } from "./Composer";
import { Conversation } from "./Conversation";
import { type Choices, ChoicesForm, FIRST, optionsOf } from "./ChoicesForm";
import { usePane } from "./usePane";

/** Chats with one model, or with two at once. */
export function Playground() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useModelNames();
  return (
    <Page title={t("playground.title")} lead={t("playground.lead")}>
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {isPending && !error ? <Waiting /> : null}
      {data?.length === 0 ? <Empty title={t("playground.noModels")} hint={t("playground.noModelsHint")} /> : null}
      {data && data.length > 0 ? <Chat models={data} /> : null}
    </Page>
  );
}

function Chat({ models }: { models: string[] }) {
  const { t } = useTranslation();
  const [left, right] = [usePane(), usePane()];
  const [first, setFirst] = useState(models[0] ?? "");
  const [second, setSecond] = useState(models[1] ?? models[0] ?? "");
  const [both, setBoth] = useState(false);
  const [choices, setChoices] = useState<Choices>(FIRST);
  const [code, { open, close }] = useDisclosure();
  const panes = both ? [{ pane: left, model: first }, { pane: right, model: second }] : [{ pane: left, model: first }];
  const pending = panes.some(({ pane }) => pane.pending);
  const say = (turn: Turn) => {
    for (const { pane, model } of panes) pane.say([turn], optionsOf(choices, model), choices.key);
  };
  const clear = () => {
    left.clear();
    right.clear();
  };
  const switchBoth = (on: boolean) => {
    setBoth(on);
    // A second conversation begins where both hear the same.
    right.clear();
  };
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 4 }} order={{ base: 1, md: 2 }}>
        <Stack>
          <Select label={t("playground.model")} searchable allowDeselect={false} data={models} value={first} onChange={(it) => it && setFirst(it)} />
          {both ? <Select label={t("playground.second")} searchable allowDeselect={false} data={models} value={second} onChange={(it) => it && setSecond(it)} /> : null}
          <Switch label={t("playground.compare")} checked={both} onChange={(event) => switchBoth(event.currentTarget.checked)} />
          <ChoicesForm value={choices} onChange={setChoices} />
          <Group>
            <Button variant="default" leftSection={<IconCode size={16} aria-hidden />} onClick={open}>
              {t("playground.code")}
            </Button>
            <Button variant="default" leftSection={<IconEraser size={16} aria-hidden />} onClick={clear}>
              {t("playground.clear")}
            </Button>
          </Group>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 8 }} order={{ base: 2, md: 1 }}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: panes.length }}>
            {panes.map(({ pane, model }, at) => (
              <Conversation key={at} pane={pane} model={model} onAnswers={(turns) => pane.say(turns, optionsOf(choices, model), choices.key)} />
            ))}
          </SimpleGrid>
          <Composer pending={pending} onSay={say} onStop={() => panes.forEach(({ pane }) => pane.stop())} />
        </Stack>
      </Grid.Col>
      <CodeModal opened={code} onClose={close} turns={left.turns} options={optionsOf(choices, first)} />
    </Grid>
  );
}
