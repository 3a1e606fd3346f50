import { TagsInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useModelNames } from "../api/lookups";

interface Props {
  label?: string;
  value?: string[];
  onChange?: (names: string[]) => void;
  error?: React.ReactNode;
}

// What stands for more than one model, in every list of models.
const GROUPS = ["all-proxy-models", "all-team-models", "no-default-models"];

/** Models by name, by a pattern (`openai/*`) or by an access group, so that any text may be typed; none is all of them. */
export function ModelsField({ label, value = [], ...rest }: Props) {
  const { t } = useTranslation();
  const { data } = useModelNames();
  const isDuplicate = (it: string, all: string[]) => all.includes(it);
  return <TagsInput label={label ?? t("common.models")} description={t("common.modelsHint")} placeholder={value.length === 0 ? t("keys.allModels") : undefined} clearable isDuplicate={isDuplicate} value={value} data={[...new Set([...(data ?? []), ...GROUPS])]} {...rest} />;
}
