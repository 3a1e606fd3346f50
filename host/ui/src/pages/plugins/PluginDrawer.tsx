import { Alert, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { faults, latency, type Plugin } from "../../api/plugins";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { Side } from "../../parts/Side";
import { Capabilities } from "./Capabilities";
import { PluginHistory } from "./PluginHistory";
import { PluginState } from "./PluginState";

/** Everything that is known of one component. */
export function PluginDrawer({ of, onClose }: { of: Plugin | null; onClose: () => void }) {
  return (
    <Side opened={of !== null} onClose={onClose} title={of?.name ?? ""}>
      {of ? <Whole of={of} /> : null}
    </Side>
  );
}

function Whole({ of }: { of: Plugin }) {
  const { t } = useTranslation();
  const { bytes, duration, count } = useFormat();
  const took = latency(of.stats);
  return (
    <Stack>
      <Text>{of.summary}</Text>
      {of.last_error ? (
        <Alert color="red" title={t("plugins.lastError")}>
          {of.last_error}
        </Alert>
      ) : null}
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        <Fact name={t("plugins.state")} value={<PluginState of={of} />} />
        <Fact name={t("plugins.version")} value={of.version} />
        <Fact name={t("plugins.generation")} value={String(of.generation)} />
        <Fact name={t("plugins.kind")} value={of.kind} />
        <Fact name={t("plugins.isolation")} value={of.isolation} />
        <Fact name={t("plugins.contract")} value={of.contract} />
      </SimpleGrid>
      <div>
        <Text size="xs" c="dimmed">
          {t("plugins.digest")}
        </Text>
        <CopyField text={of.digest} />
      </div>
      <Fact name={t("plugins.trust")} value={<Trust of={of} />} />
      <Text fw={600}>{t("plugins.work")}</Text>
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        <Fact name={t("plugins.calls")} value={count(of.stats.calls ?? 0)} />
        <Fact name={t("plugins.latency")} value={took === null ? "—" : duration(took)} />
        <Fact name={t("plugins.memory")} value={bytes(of.stats.memory_high_water ?? 0)} />
        <Fact name={t("plugins.faults")} value={count(faults(of))} />
        <Fact name={t("plugins.refusals")} value={count(of.stats.refusals ?? 0)} />
        <Fact name={t("plugins.busy")} value={count(of.stats.busy ?? 0)} />
        <Fact name={t("plugins.instances")} value={`${count(of.stats.instances_alive ?? 0)} / ${count(of.stats.instances_made ?? 0)}`} />
      </SimpleGrid>
      <Text fw={600}>{t("plugins.limits")}</Text>
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        <Fact name={t("plugins.memoryLimit")} value={bytes(of.limits.memory_bytes)} />
        <Fact name={t("plugins.cpuLimit")} value={duration(of.limits.cpu_ms)} />
        <Fact name={t("plugins.wallLimit")} value={duration(of.limits.wall_ms)} />
        <Fact name={t("plugins.outputLimit")} value={bytes(of.limits.output_bytes)} />
        <Fact name={t("plugins.concurrencyLimit")} value={count(of.limits.concurrency)} />
      </SimpleGrid>
      <PluginHistory of={of} />
      <Capabilities of={of} />
    </Stack>
  );
}

/** Who vouches for its bytes. */
function Trust({ of }: { of: Plugin }) {
  const { t } = useTranslation();
  const strangers = of.signed_by.filter((it) => !of.trusted_by.includes(it));
  const words = [
    of.source === "bundled" ? t("plugins.trustShipped") : null,
    of.pinned ? t("plugins.trustPinned") : null,
    of.trusted_by.length > 0 ? t("plugins.trustSigned", { keys: of.trusted_by.join(", ") }) : null,
  ].filter((it) => it !== null);
  const vouched = words.length > 0 ? words.join("; ") : t("plugins.trustNone");
  return strangers.length > 0 ? `${vouched}; ${t("plugins.trustStrangers", { keys: strangers.join(", ") })}` : vouched;
}
