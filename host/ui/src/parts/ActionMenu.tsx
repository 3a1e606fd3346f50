import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, type TablerIcon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

export interface Action {
  label: string;
  icon: TablerIcon;
  act: () => void;
  danger?: boolean;
}

/** What may be done with a row. */
export function ActionMenu({ name, actions }: { name: string; actions: Action[] }) {
  const { t } = useTranslation();
  const item = ({ label, icon: Icon, act, danger }: Action) => (
    <Menu.Item key={label} color={danger ? "red" : undefined} leftSection={<Icon size={16} aria-hidden />} onClick={act}>
      {label}
    </Menu.Item>
  );
  const [safe, grave] = [actions.filter((it) => !it.danger), actions.filter((it) => it.danger)];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`${t("common.actions")}: ${name}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {safe.map(item)}
        {safe.length > 0 && grave.length > 0 ? <Menu.Divider /> : null}
        {grave.map(item)}
      </Menu.Dropdown>
    </Menu>
  );
}
