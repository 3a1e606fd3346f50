import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";

export interface Grant {
  hosts: string[];
  env: string[];
  base_url: string | boolean | null;
  private_addresses?: boolean;
  capture?: boolean;
}

export interface Provider {
  name: string;
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
