import { Alert, Button, FileInput, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconCheck, IconUpload, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Trial, useTryPlugin, useUploadPlugin } from "../../api/plugins";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { Capabilities } from "./Capabilities";

/** A component is looked at before it serves; then it is put in force, or forgotten. */
export function TryPlugin({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const [file, setFile] = useState<File | null>(null);
  const [attempt, upload] = [useTryPlugin(), useUploadPlugin()];
  const choose = (chosen: File | null) => {
    setFile(chosen);
    upload.reset();
    if (chosen) attempt.mutate(chosen);
    else attempt.reset();
  };
  const put = () => {
    if (!file) return;
    upload.mutate(file, {
      onSuccess: (trial) => {
        done(t("plugins.inForce", { name: trial.name, version: trial.version }));
        onDone();
      },
    });
  };
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("plugins.tryLead")}
      </Text>
      <FileInput label={t("plugins.file")} placeholder={t("plugins.chooseFile")} accept=".wasm,application/wasm" clearable clearButtonProps={{ "aria-label": t("common.remove") }} leftSection={<IconUpload size={16} aria-hidden />} value={file} onChange={choose} />
      {attempt.isPending ? (
        <Text size="sm" role="status">
          {t("plugins.trying")}
        </Text>
      ) : null}
      {attempt.error ? <Failed error={attempt.error} /> : null}
      {upload.error ? <Failed error={upload.error} /> : null}
      {attempt.data ? <Report of={attempt.data} /> : null}
      <Group justify="flex-end">
        <Button variant="default" onClick={onDone}>
          {t("common.cancel")}
        </Button>
        <Button disabled={!attempt.data || attempt.data.refusal !== null} loading={upload.isPending} onClick={put}>
          {t("plugins.putInForce")}
        </Button>
      </Group>
    </Stack>
  );
}

/** What a trial came to. */
function Report({ of }: { of: Trial }) {
  const { t } = useTranslation();
  const { bytes } = useFormat();
  const facts: [string, string | undefined][] = [
    [t("common.name"), of.name],
    [t("plugins.version"), of.version],
    [t("plugins.kind"), of.kind],
    [t("plugins.contract"), of.contract],
    [t("plugins.size"), bytes(of.bytes)],
    [t("plugins.replaces"), of.replaces ? `${of.replaces.version} (${of.replaces.source === "bundled" ? t("plugins.bundled") : of.replaces.source})` : undefined],
  ];
  return (
    <Stack role="status">
      {of.refusal ? (
        <Alert color="red" icon={<IconX aria-hidden />} title={t("plugins.refused")}>
          {of.refusal}
        </Alert>
      ) : (
        <Alert color="teal" icon={<IconCheck aria-hidden />}>
          {t("plugins.wouldServe")}
        </Alert>
      )}
      {of.summary ? <Text size="sm">{of.summary}</Text> : null}
      <SimpleGrid cols={2}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
      </SimpleGrid>
      <div>
        <Text size="xs" c="dimmed">
          {t("plugins.digest")}
        </Text>
        <CopyField text={of.digest} />
      </div>
      {of.name ? <Examples of={of.examples} /> : null}
      <Capabilities of={of} />
    </Stack>
  );
}

function Examples({ of }: { of: Trial["examples"] }) {
  const { t } = useTranslation();
  return (
    <Stack gap={4}>
      <Text fw={600}>{t("plugins.examples")}</Text>
      {of.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("plugins.noExamples")}
        </Text>
      ) : null}
      {of.map((it, at) => (
        <Group key={at} gap="xs" wrap="nowrap" align="flex-start">
          {it.passes ? <IconCheck size={16} color="var(--mantine-color-teal-text)" aria-label={t("plugins.passes")} /> : <IconX size={16} color="var(--mantine-color-red-text)" aria-label={t("plugins.fails")} />}
          <Text size="sm" className="wrap">
            {it.fault ?? it.name}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
