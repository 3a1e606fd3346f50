import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

export function SearchField({ value, onChange, label }: { value: string; onChange: (text: string) => void; label?: string }) {
  const { t } = useTranslation();
  const name = label ?? t("common.search");
  return <TextInput type="search" value={value} onChange={(event) => onChange(event.currentTarget.value)} aria-label={name} placeholder={name} leftSection={<IconSearch size={16} aria-hidden />} maw={320} />;
}
