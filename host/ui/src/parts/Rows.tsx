import { Button, Card, Group, Table, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Scroll } from "./Scroll";
import { Failed, Waiting } from "./States";

export interface Column<T> {
  title: string;
  show: (row: T) => ReactNode;
  /** Numbers stand at the right, with figures of one width. */
  number?: boolean;
  /** The title is for screen readers only. */
  quiet?: boolean;
}

interface Source {
  error: Error | null;
  isPending: boolean;
  refetch: () => unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  fetchNextPage?: () => unknown;
}

/** A table with its states: on its way, failed, empty, and more to come. */
export function Rows<T>({ name, rows, columns, id, source, empty, wide }: { name: string; rows: T[] | undefined; columns: Column<T>[]; id: (row: T) => string; source?: Source; empty: ReactNode; wide?: "narrow" | "middle" | "wide" }) {
  const { t } = useTranslation();
  return (
    <>
      {source?.error ? <Failed error={source.error} again={() => void source.refetch()} /> : null}
      <Card p={0}>
        {source?.isPending && !source.error ? <Card.Section p="lg" m={0}><Waiting /></Card.Section> : null}
        {rows?.length === 0 ? empty : null}
        {rows && rows.length > 0 ? (
          <Scroll label={t("common.table", { name })} wide={wide}>
            <Table horizontalSpacing="md">
              <Table.Thead>
                <Table.Tr>
                  {columns.map((column) => (
                    <Table.Th key={column.title} ta={column.number ? "right" : undefined}>
                      {column.quiet ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((row) => (
                  <Table.Tr key={id(row)}>
                    {columns.map((column) => (
                      <Table.Td key={column.title} ta={column.number ? "right" : undefined} className={column.number ? "number" : undefined}>
                        {column.show(row)}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Scroll>
        ) : null}
      </Card>
      {source?.hasNextPage ? (
        <Group justify="center">
          <Button variant="default" loading={source.isFetchingNextPage} onClick={() => void source.fetchNextPage?.()}>
            {t("common.more")}
          </Button>
        </Group>
      ) : null}
    </>
  );
}
