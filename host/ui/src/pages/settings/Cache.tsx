import { Button, Card, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconEraser } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useStanding } from "../../api/session";
import { useCachePing, useCacheSettings, useFlushCache } from "../../api/settings";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { useSaid } from "../../parts/said";
import { Failed, Waiting } from "../../parts/States";
import { Tag } from "../../parts/Tag";
import { useConfirm } from "../../parts/useConfirm";
import { CacheForm } from "./CacheForm";

/** Whether answers are kept, how many, and by what rules. */
export function Cache() {
  const { t } = useTranslation();
  const { count, bytes } = useFormat();
  const { admin } = useStanding();
  const { done, failed } = useSaid();
  const confirm = useConfirm();
  const { data, error, isPending, refetch } = useCacheSettings();
  const ping = useCachePing(data?.enabled ?? false);
  const flush = useFlushCache();
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (isPending) return <Waiting />;
  const params = ping.data?.litellm_cache_params;
  const forget = () => confirm(t("settings.flush"), t("settings.flushLead"), () => void flush.mutateAsync(undefined).then(() => done(t("settings.flushed")), failed));
  return (
    <Stack>
      <Card>
        <Group justify="space-between">
          <SimpleGrid cols={{ base: 2, sm: 4 }} flex="1 1 260px">
            <Fact name={t("settings.cacheState")} value={<Tag color={data.enabled ? "teal" : "gray"}>{data.enabled ? t("settings.cacheOn") : t("settings.cacheOff")}</Tag>} />
            <Fact name={t("settings.cacheType")} value={ping.data?.cache_type ?? "—"} />
            <Fact name={t("settings.cacheEntries")} value={params?.entries === undefined ? "—" : count(params.entries)} />
            <Fact name={t("settings.cacheBytes")} value={params?.bytes === undefined ? "—" : bytes(params.bytes)} />
          </SimpleGrid>
          {admin && data.enabled ? (
            <Button variant="light" color="red" leftSection={<IconEraser size={16} aria-hidden />} loading={flush.isPending} onClick={forget}>
              {t("settings.flush")}
            </Button>
          ) : null}
        </Group>
        {ping.error ? <Failed error={ping.error} /> : null}
      </Card>
      <Card>
        <Stack>
          <div>
            <Text fw={600}>{t("settings.cacheSettings")}</Text>
            {data.enabled ? null : (
              <Text size="sm" c="dimmed">
                {t("settings.cacheSwitchesOn")}
              </Text>
            )}
          </div>
          <CacheForm key={JSON.stringify(data.fields)} of={data} />
        </Stack>
      </Card>
    </Stack>
  );
}
