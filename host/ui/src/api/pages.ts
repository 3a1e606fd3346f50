import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { get, path, type Query } from "./client";

/** A page of a list, and what asks for the next one. */
export interface Cursored {
  next_cursor: string | null;
}

/** A list page by page. Each page goes on where the one before ended, so what is made or deleted meanwhile moves no row. */
export function listOf<P extends Cursored>(queryKey: readonly unknown[], where: string, query: Query) {
  return infiniteQueryOptions({
    queryKey,
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => get<P>(path(where, { ...query, cursor: pageParam }), signal),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}
