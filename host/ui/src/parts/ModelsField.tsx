import { MultiSelect } from "@mantine/core";
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

/** Model groups; none is all of them. */
export function ModelsField({ label, value = [], ...rest }: Props) {
  const { t } = useTranslation();
  const { data } = useModelNames();
  return <MultiSelect label={label ?? t("common.models")} placeholder={value.length === 0 ? t("keys.allModels") : undefined} searchable clearable value={value} data={[...new Set([...(data ?? []), ...GROUPS, ...value])]} {...rest} />;
}
