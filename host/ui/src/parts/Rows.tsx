import { Button, Card, Group } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { type Column, DataTable, type Width } from "./DataTable";
import { Failed, Waiting } from "./States";

export type { Column };

interface Source {
  error: Error | null;
  isPending: boolean;
  refetch: () => unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  fetchNextPage?: () => unknown;
}

/** A table with its states: on its way, failed, empty, and more to come. */
export function Rows<T>({ name, rows, columns, id, source, empty, wide }: { name: string; rows: T[] | undefined; columns: Column<T>[]; id: (row: T) => string; source?: Source; empty: ReactNode; wide?: Width }) {
  const { t } = useTranslation();
  return (
    <>
      {source?.error ? <Failed error={source.error} again={() => void source.refetch()} /> : null}
      <Card p={0}>
        {source?.isPending && !source.error ? <Card.Section p="lg" m={0}><Waiting /></Card.Section> : null}
        {rows?.length === 0 ? empty : null}
        {rows && rows.length > 0 ? <DataTable name={name} rows={rows} columns={columns} id={id} wide={wide} /> : null}
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
