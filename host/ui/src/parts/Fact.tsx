import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A name and what it stands for. */
export function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" component="div" className="wrap">
        {value}
      </Text>
    </div>
  );
}
