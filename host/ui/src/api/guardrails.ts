import { useMutation, useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, post } from "./client";

type Modes = string[] | { tags: Record<string, string[]>; default: string[] };

export interface Guardrail {
  guardrail_id: string | null;
  guardrail_name: string;
  litellm_params: Record<string, unknown> & { guardrail: string; mode: Modes; default_on: boolean; timeout: number; unreachable_fallback: string };
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
}

export const useGuardrails = () => useQuery({ queryKey: ["guardrails"], queryFn: ({ signal }) => get<{ guardrails: Guardrail[] }>("/guardrails/list", signal).then((it) => it.guardrails) });
export const useApply = () => useMutation({ mutationFn: (it: { guardrail_name: string; text: string }) => post<Applied>("/guardrails/apply_guardrail", it) });

export const useCallbacks = () => useQuery({ queryKey: ["callbacks"], queryFn: ({ signal }) => get<{ callbacks: Callback[] }>("/get/config/callbacks", signal).then((it) => it.callbacks) });
export const useAddCallback = () => useChange(["callbacks", "settings"], (name: string) => post("/config/update", { litellm_settings: { success_callback: [name] } }));
export const useRemoveCallback = () => useChange(["callbacks", "settings"], (name: string) => post("/config/callback/delete", { callback_name: name }));
