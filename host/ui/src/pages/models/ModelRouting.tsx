import { Accordion, NumberInput, Select, SimpleGrid, Stack, TagsInput, Text } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { JsonField } from "../../parts/JsonField";
import { TeamField } from "../../parts/TeamField";
import type { Fields } from "./fields";

const MODES = ["chat", "completion", "embedding", "responses", "image_generation", "audio_transcription", "audio_speech", "rerank", "moderation", "realtime"];

/** Its share of the calls, what it costs, and whatever else it takes. */
export function ModelRouting({ form, isNew }: { form: UseFormReturnType<Fields>; isNew: boolean }) {
  const { t } = useTranslation();
  const whole = { min: 0, allowDecimal: false };
  return (
    <Accordion multiple variant="separated" order={3}>
      <Accordion.Item value="prices">
        <Accordion.Control>{t("models.money")}</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <Text size="sm" c="dimmed">
              {t("models.moneyHint")}
            </Text>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <NumberInput label={t("models.priceIn")} min={0} decimalScale={6} {...form.getInputProps("price_in")} />
              <NumberInput label={t("models.priceOut")} min={0} decimalScale={6} {...form.getInputProps("price_out")} />
            </SimpleGrid>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="routing">
        <Accordion.Control>{t("models.routing")}</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <NumberInput label={t("models.weight")} {...whole} {...form.getInputProps("weight")} />
              <NumberInput label={t("models.order")} description={t("models.orderHint")} {...whole} {...form.getInputProps("order")} />
              <NumberInput label={t("models.rpm")} {...whole} {...form.getInputProps("rpm")} />
              <NumberInput label={t("models.tpm")} {...whole} {...form.getInputProps("tpm")} />
              <NumberInput label={t("models.timeout")} min={0} {...form.getInputProps("timeout")} />
              <Select label={t("models.mode")} clearable searchable data={MODES} {...form.getInputProps("mode")} />
            </SimpleGrid>
            <TagsInput label={t("models.tags")} {...form.getInputProps("tags")} />
            {isNew ? <TeamField label={t("models.team")} {...form.getInputProps("team_id")} /> : null}
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="others">
        <Accordion.Control>{t("models.others")}</Accordion.Control>
        <Accordion.Panel>
          <JsonField label={t("common.json")} description={t("models.othersHint")} {...form.getInputProps("others")} />
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
