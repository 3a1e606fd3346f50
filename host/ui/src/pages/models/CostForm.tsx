import { Button, Card, Group, Stack } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { type Costs, useCosts, useSetCosts } from "../../api/prices";
import { useStanding } from "../../api/session";
import { JsonField } from "../../parts/JsonField";
import { useSaid } from "../../parts/said";
import { Failed, Waiting } from "../../parts/States";
import { json, whyNotJson } from "../../parts/values";

const TEXTS = { cost_discount_config: ["discounts", "discountsHint"], cost_margin_config: ["margins", "marginsHint"] } as const;

/** Discounts or margins by provider, as one document: saving replaces all of them. */
export function CostForm({ kind }: { kind: Costs }) {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useCosts(kind);
  const [title, hint] = TEXTS[kind];
  return (
    <Card>
      <Stack>
        {error ? <Failed error={error} again={() => void refetch()} /> : null}
        {isPending && !error ? <Waiting rows={2} /> : null}
        {data ? <Document kind={kind} label={t(`models.${title}`)} hint={t(`models.${hint}`)} kept={JSON.stringify(data, null, 2)} /> : null}
      </Stack>
    </Card>
  );
}

function Document({ kind, label, hint, kept }: { kind: Costs; label: string; hint: string; kept: string }) {
  const { t } = useTranslation();
  const { admin } = useStanding();
  const { done } = useSaid();
  const set = useSetCosts(kind);
  const [written, setWritten] = useState(kept);
  const why = whyNotJson(written);
  return (
    <>
      <JsonField label={label} description={hint} value={written} onChange={setWritten} readOnly={!admin} error={why ? t("common.notJson", { why }) : set.error?.message} />
      {admin ? (
        <Group justify="flex-end">
          <Button loading={set.isPending} disabled={why !== null} onClick={() => set.mutate(json(written) ?? {}, { onSuccess: () => done(t("common.saved", { name: label })) })}>
            {t("common.save")}
          </Button>
        </Group>
      ) : null}
    </>
  );
}
