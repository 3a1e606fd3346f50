import { Group } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./Filters.module.css";

/** What a list is narrowed by: side by side, and as wide as a phone allows. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <Group gap="sm" className={classes.filters}>
      {children}
    </Group>
  );
}
