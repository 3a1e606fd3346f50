import { Alert, Card, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Plugin, Provider } from "../../api/plugins";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { Side } from "../../parts/Side";
import { Tag } from "../../parts/Tag";
import { StateBadge } from "./Plugins";

/** Everything that is known of one component. */
export function PluginDrawer({ of, onClose }: { of: Plugin | null; onClose: () => void }) {
  const { t } = useTranslation();
  const { bytes, duration, count } = useFormat();
  return (
    <Side opened={of !== null} onClose={onClose} title={of?.name ?? ""}>
      {of ? (
        <Stack>
          <Text>{of.summary}</Text>
          {of.last_error ? (
            <Alert color="red" title={t("plugins.lastError")}>
              {of.last_error}
            </Alert>
          ) : null}
          <SimpleGrid cols={2}>
            <Fact name={t("plugins.state")} value={<StateBadge of={of} />} />
            <Fact name={t("plugins.version")} value={of.version} />
            <Fact name={t("plugins.isolation")} value={of.isolation} />
            <Fact name={t("plugins.contract")} value={of.contract} />
          </SimpleGrid>
          <div>
            <Text size="xs" c="dimmed">
              {t("plugins.digest")}
            </Text>
            <CopyField text={of.digest} />
          </div>
          <Text fw={600}>{t("plugins.limits")}</Text>
          <SimpleGrid cols={{ base: 2, xs: 3 }}>
            <Fact name={t("plugins.memoryLimit")} value={bytes(of.limits.memory_bytes)} />
            <Fact name={t("plugins.cpuLimit")} value={duration(of.limits.cpu_ms)} />
            <Fact name={t("plugins.wallLimit")} value={duration(of.limits.wall_ms)} />
            <Fact name={t("plugins.outputLimit")} value={bytes(of.limits.output_bytes)} />
            <Fact name={t("plugins.concurrencyLimit")} value={count(of.limits.concurrency)} />
          </SimpleGrid>
          <Text fw={600}>{t("plugins.providers")}</Text>
          {of.providers.map((provider) => (
            <ProviderCard key={provider.name} of={provider} />
          ))}
        </Stack>
      ) : null}
    </Side>
  );
}

function ProviderCard({ of }: { of: Provider }) {
  const { t } = useTranslation();
  const hosts = [...(typeof of.asks.base_url === "string" ? [of.asks.base_url] : []), ...of.asks.hosts];
  const refused = of.asks.hosts.filter((host) => !of.granted.hosts.includes(host));
  return (
    <Card padding="sm">
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={550}>{of.title}</Text>
          <Tag color={of.verified ? "teal" : "gray"}>
            {of.verified ? t("plugins.verified") : t("plugins.unverified")}
          </Tag>
        </Group>
        <Group gap={4}>
          {of.operations.map((name) => (
            <Tag key={name}>
              {name}
            </Tag>
          ))}
        </Group>
        <Names title={t("plugins.hosts")} names={hosts} refused={refused} />
        <Names title={t("plugins.environment")} names={of.asks.env} refused={of.asks.env.filter((name) => !of.granted.env.includes(name))} />
      </Stack>
    </Card>
  );
}

/** What was asked for; what was not granted is struck out. */
function Names({ title, names, refused }: { title: string; names: string[]; refused: string[] }) {
  if (names.length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      {names.map((name) => (
        <Text key={name} size="xs" ff="monospace" td={refused.includes(name) ? "line-through" : undefined} c={refused.includes(name) ? "red" : undefined} className="wrap">
          {name}
        </Text>
      ))}
    </div>
  );
}
