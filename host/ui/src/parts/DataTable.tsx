import { Table, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import classes from "./DataTable.module.css";
import { Scroll } from "./Scroll";

export interface Column<T> {
  title: string;
  show: (row: T) => ReactNode;
  /** Numbers stand at the right, with figures of one width. */
  number?: boolean;
  /** The title is for screen readers only. */
  quiet?: boolean;
  /** On a phone it has a line to itself. */
  long?: boolean;
}

/** How much room a table needs; a small one stays a table on a phone. */
export type Width = "small" | "narrow" | "middle" | "wide";

/** Rows under titles; on a phone each row is a card whose first column heads it. */
export function DataTable<T>({ name, rows, columns, id, wide, dense }: { name: string; rows: T[]; columns: Column<T>[]; id: (row: T) => string; wide?: Width; dense?: boolean }) {
  const { t } = useTranslation();
  const classOf = (column: Column<T>) => (column.number ? `number ${classes.right}` : undefined);
  return (
    <Scroll label={t("common.table", { name })} wide={wide}>
      <Table horizontalSpacing="md" verticalSpacing={dense ? 6 : undefined} className={wide === "small" ? undefined : classes.cards}>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.title} className={classOf(column)}>
                {column.quiet ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={id(row)}>
              {columns.map((column) => (
                <Table.Td key={column.title} className={classOf(column)} data-title={column.title} data-quiet={column.quiet} data-long={column.long}>
                  {column.show(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}
