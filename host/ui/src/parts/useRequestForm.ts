import { useForm } from "@mantine/form";
import type { UseMutationResult } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { general, refuse } from "./refusals";
import { changed, said, whyNotJson } from "./values";

type Named = Record<string, unknown>;

interface Options<F extends Named, R> {
  initial: F;
  /** Everything that the fields say, by the names of the API. */
  request: (fields: F) => Named;
  /** What names the thing that is changed; without it a new one is made. */
  of?: Named;
  /** What goes along with something new. */
  along?: Named;
  mutation: UseMutationResult<R, Error, Named>;
  onDone: (answer: R, fields: F) => void;
  /** Fields that hold JSON. */
  json?: readonly (keyof F & string)[];
}

/** A form over one request: what is new is sent as far as it says something, a change as far as it is one. */
export function useRequestForm<F extends Named, R>({ initial, request, of, along, mutation, onDone, json = [] }: Options<F, R>) {
  const { t } = useTranslation();
  const isJson = (it: unknown) => {
    const why = whyNotJson(String(it ?? ""));
    return why ? t("common.notJson", { why }) : null;
  };
  const form = useForm<F>({ initialValues: initial, validate: Object.fromEntries(json.map((name) => [name, isJson])) as never });
  const submit = form.onSubmit((fields) => {
    const all = request(fields);
    const body = of ? { ...of, ...changed(all, request(initial)) } : { ...said(all), ...along };
    mutation.mutate(body, { onSuccess: (answer) => onDone(answer, fields), onError: (error) => refuse(form, error) });
  });
  return { form, submit: submit as (event?: FormEvent<HTMLFormElement>) => void, above: general(form, mutation.error), pending: mutation.isPending };
}
