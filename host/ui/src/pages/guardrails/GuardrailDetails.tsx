import { Alert, SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Guardrail } from "../../api/guardrails";
import { CopyField } from "../../parts/CopyField";
import { Fact } from "../../parts/Fact";
import { useFormat } from "../../parts/format";
import { modesOf } from "./GuardrailList";

const SHARED = ["guardrail", "mode", "default_on", "timeout", "unreachable_fallback"];

/** Everything that is known of one guardrail; secrets stay masked. */
export function GuardrailDetails({ of }: { of: Guardrail }) {
  const { t } = useTranslation();
  const { duration } = useFormat();
  const params = of.litellm_params;
  const own = Object.fromEntries(Object.entries(params).filter(([name]) => !SHARED.includes(name)));
  return (
    <Stack>
      {of.fault ? (
        <Alert color="red" title={t("guardrails.cannot")}>
          {of.fault}
        </Alert>
      ) : null}
      <SimpleGrid cols={2}>
        <Fact name={t("guardrails.kind")} value={params.guardrail} />
        <Fact name={t("guardrails.plugin")} value={of.plugin ?? "—"} />
        <Fact name={t("guardrails.mode")} value={modesOf(of).join(", ")} />
        <Fact name={t("guardrails.timeout")} value={duration(params.timeout * 1000)} />
        <Fact name={t("guardrails.defaultOn")} value={params.default_on ? t("common.yes") : t("guardrails.whenNamed")} />
        <Fact name={t("guardrails.state")} value={params.unreachable_fallback === "fail_open" ? t("guardrails.failOpen") : t("guardrails.failClosed")} />
        <Fact name={t("models.from")} value={of.guardrail_definition_location} />
      </SimpleGrid>
      <Text fw={600}>{t("guardrails.settings")}</Text>
      <CopyField text={JSON.stringify(own, null, 2)} block />
    </Stack>
  );
}
