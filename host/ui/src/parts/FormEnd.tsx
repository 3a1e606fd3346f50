import { Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** The two buttons under a form. */
export function FormEnd({ onCancel, pending, label }: { onCancel: () => void; pending: boolean; label: string }) {
  const { t } = useTranslation();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onCancel}>
        {t("common.cancel")}
      </Button>
      <Button type="submit" loading={pending}>
        {label}
      </Button>
    </Group>
  );
}
