import { Group, Text } from "@mantine/core";

import { Tag } from "./Tag";

/** A few names, and how many more there are. */
export function Names({ names, none, most = 3 }: { names: readonly string[] | null | undefined; none: string; most?: number }) {
  if (!names || names.length === 0) return <Text size="sm">{none}</Text>;
  return (
    <Group gap={4}>
      {names.slice(0, most).map((name) => (
        <Tag key={name}>{name}</Tag>
      ))}
      {names.length > most ? <Tag title={names.slice(most).join(", ")}>+{names.length - most}</Tag> : null}
    </Group>
  );
}
