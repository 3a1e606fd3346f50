import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

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
  asks: Grant;
  granted: Grant;
  config_schema?: Schema | null;
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

export interface PluginTable {
  plugins: Plugin[];
  draining: { name: string; generation: number; calls: number }[];
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

const FAULTS = ["crashed", "out_of_time", "out_of_memory", "stack_overflow", "too_large"];

export const faults = (plugin: Plugin) => FAULTS.reduce((total, name) => total + (plugin.stats[name] ?? 0), 0);
