import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useChange } from "./changes";
import { change, get, post } from "./client";

type Modes = string[] | { tags: Record<string, string[]>; default: string[] };

export interface Guardrail {
  guardrail_id: string | null;
  guardrail_name: string;
  litellm_params: Record<string, unknown> & { guardrail: string; mode: Modes; default_on: boolean; timeout: number; unreachable_fallback: string };
  guardrail_info?: Record<string, unknown> | null;
  guardrail_definition_location: string;
  plugin: string | null;
  /** Why it cannot look. */
  fault: string | null;
}

export interface Applied {
  response_text: string;
  guardrail_information: Record<string, unknown>[];
}

export interface Callback {
  name: string;
  type: "success" | "failure" | "success_and_failure";
  in_force: boolean;
  /** Why it is not in force. */
  reason?: string | null;
}

export const useGuardrails = () => useQuery({ queryKey: ["guardrails"], queryFn: ({ signal }) => get<{ guardrails: Guardrail[] }>("/guardrails/list", signal).then((it) => it.guardrails) });
/** Guardrails of the database are in force a moment after a change of them is answered: lists are read again then. */
const MOMENTS_MS = [1_500, 5_000];

function useGuardrailChange<T, R>(act: (it: T) => Promise<R>) {
  const client = useQueryClient();
  return useChange(["guardrails"], async (it: T) => {
    const answer = await act(it);
    for (const moment of MOMENTS_MS) setTimeout(() => void client.invalidateQueries({ queryKey: ["guardrails"] }), moment);
    return answer;
  });
}

type Request = Record<string, unknown>;

const at = (id: string) => `/guardrails/${encodeURIComponent(id)}`;

export const useMakeGuardrail = () => useGuardrailChange((guardrail: Request) => post("/guardrails", { guardrail }));
export const useChangeGuardrail = () => useGuardrailChange(({ id, guardrail }: { id: string; guardrail: Request }) => change("PUT", at(id), { guardrail }));
export const useDeleteGuardrail = () => useGuardrailChange((id: string) => change("DELETE", at(id)));
export const useApply = () => useMutation({ mutationFn: (it: { guardrail_name: string; text: string }) => post<Applied>("/guardrails/apply_guardrail", it) });

export const useCallbacks = () => useQuery({ queryKey: ["callbacks"], queryFn: ({ signal }) => get<{ callbacks: Callback[] }>("/get/config/callbacks", signal).then((it) => it.callbacks) });
export const useAddCallback = () => useChange(["callbacks", "settings"], (name: string) => post("/config/update", { litellm_settings: { success_callback: [name] } }));
export const useRemoveCallback = () => useChange(["callbacks", "settings"], (name: string) => post("/config/callback/delete", { callback_name: name }));
