import { useMutation, useQueryClient } from "@tanstack/react-query";

/** A change, after which lists of these kinds are asked for again. */
export function useChange<T, R>(kinds: readonly string[], act: (it: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => Promise.all(kinds.map((kind) => client.invalidateQueries({ queryKey: [kind] }))),
  });
}
