import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, post } from "./client";

export interface Grant {
  hosts: string[];
  env: string[];
  base_url: string | boolean | null;
  private_addresses?: boolean;
  capture?: boolean;
}

/** JSON Schema, as far as forms are made of it. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  /** Names of the environment that are read where nothing is said. */
  "x-env"?: string[];
}

export interface Secret {
  title?: string;
  env?: string[];
  required?: boolean;
}

/** A guardrail or callback of a plugin. */
export interface Hook {
  name: string;
  title?: string | null;
  stages?: string[];
  /** What it is handed besides texts. */
  needs?: string[];
  max_batch?: number | null;
  looks_at_streams?: boolean;
  asks: Grant;
  granted: Grant;
  config_schema?: Schema | null;
  secrets?: Record<string, Secret> | null;
}

export interface Provider {
  name: string;
  /** Of the settings in `litellm_params`, where the gateway tells it. */
  config_schema?: Schema | null;
  secrets?: Record<string, Secret> | null;
  title: string;
  verified: boolean;
  operations: string[];
  asks: Grant;
  granted: Grant;
}

export interface Plugin {
  name: string;
  version: string;
  summary: string;
  source: string;
  state: string;
  last_error: string | null;
  /** The public keys that signed it, whoever they belong to. */
  signed_by: string[];
  /** Those of them that the config trusts. */
  trusted_by: string[];
  /** The config names its digest. */
  pinned: boolean;
  kind: string;
  /** Versions that served, the last one first. */
  history: Version[];
  /** Of the plugin that ships with the gateway, whose place a file has taken. */
  shipped_digest: string | null;
  served_seconds: number;
  digest: string;
  contract: string;
  generation: number;
  isolation: string;
  limits: { memory_bytes: number; cpu_ms: number; wall_ms: number; state_bytes: number; output_bytes: number; concurrency: number };
  stats: Record<string, number>;
  providers: Provider[];
  guardrails?: Hook[];
  callbacks?: Hook[];
}

export interface Version {
  digest: string;
  version: string;
  at_ms: number;
}

/** What is known of a component that does not serve. */
export interface Trial {
  digest: string;
  bytes: number;
  /** Why it would not be taken. */
  refusal: string | null;
  examples: { name: string; passes: boolean; fault: string | null }[];
  /** Nothing from here on, where it did not come to say what it is. */
  name?: string;
  version?: string;
  summary?: string;
  kind?: string;
  contract?: string;
  imports?: string[];
  replaces?: { version: string; digest: string; source: string } | null;
  providers?: Provider[];
  guardrails?: Hook[];
  callbacks?: Hook[];
}

export interface PluginTable {
  plugins: Plugin[];
  /** Old versions that calls or a rollback may still need, and the seconds since their last new call. */
  draining: { name: string; generation: number; seconds: number }[];
  /** Reasons by digest. */
  quarantined: Record<string, string>;
  log: { at_ms: number; plugin: string; digest: string; what: string; detail: string }[];
}

export function usePlugins() {
  return useQuery({ queryKey: ["plugins"], queryFn: ({ signal }) => get<PluginTable>("/plugins", signal), refetchInterval: 10_000 });
}

export function useReloadPlugins() {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => post<PluginTable>("/plugins/reload", {}), onSuccess: (table) => client.setQueryData(["plugins"], table) });
}

export const useTryPlugin = () => useMutation({ mutationFn: (file: Blob) => post<Trial>("/plugins/try", file) });
export const useUploadPlugin = () => useChange(["plugins"], (file: Blob) => post<Trial>("/plugins/upload", file));
export const useRollBack = () => useChange(["plugins"], (to: { name: string; digest: string }) => post<{ name: string; digest: string }>("/plugins/rollback", to));

const FAULTS = ["crashed", "out_of_time", "out_of_memory", "stack_overflow", "too_large"];

export const faults = (plugin: Plugin) => FAULTS.reduce((total, name) => total + (plugin.stats[name] ?? 0), 0);

/** Milliseconds that a call is in a plugin: it waits for an instance, and the instance computes. */
export function latency(stats: Record<string, number>): number | null {
  const { calls = 0, cpu_seconds = 0, wait_seconds = 0 } = stats;
  return calls > 0 ? ((cpu_seconds + wait_seconds) / calls) * 1000 : null;
}
