import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { get, path, post } from "./client";
import { type Cursored, listOf } from "./pages";

export const SECTIONS = ["general_settings", "litellm_settings", "router_settings", "environment_variables"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Source {
  kind: "file" | "database" | "environment" | "default";
  path?: string;
  variable?: string;
  set_in?: string;
}

export interface Setting {
  field_name: string;
  field_type: string;
  field_description: string;
  field_value: unknown;
  field_default_value: unknown;
  stored_in_db: boolean;
  source: Source;
  applies: string;
}

/** An answer to a change, with what is to be said of it. */
export interface Changed {
  warnings?: string[];
}

export const useSettings = (section: Section) => useQuery({ queryKey: ["settings", section], queryFn: ({ signal }) => get<Setting[]>(path("/config/list", { config_type: section }), signal) });

/** Values that a setting may have, where they are few. */
export const useOptions = () =>
  useQuery({
    queryKey: ["settings", "options"],
    staleTime: 600_000,
    queryFn: ({ signal }) => get<{ fields: { field_name: string; options: string[] | null }[] }>("/router/fields", signal).then((it) => new Map(it.fields.map((field) => [field.field_name, field.options]))),
  });

// Much hangs on settings: prices, guardrails, models.
const KINDS = ["settings", "cache", "guardrails", "callbacks", "prices", "models"];

export const useSetField = () => useChange(KINDS, (it: { config_type: Section; field_name: string; field_value: unknown }) => post<Changed>("/config/field/update", it));
export const useUnsetField = () => useChange(KINDS, (it: { config_type: Section; field_name: string }) => post<Changed>("/config/field/delete", it));
export const useReloadConfig = () => useChange(KINDS, () => post("/reload/config", {}));

export interface CacheField {
  field_name: string;
  field_type: string;
  field_description: string;
  field_value: unknown;
}

export interface CacheSettings {
  enabled: boolean;
  fields: CacheField[];
}

export interface CachePing {
  status: string;
  cache_type: string | null;
  litellm_cache_params?: { entries?: number; bytes?: number };
}

export const useCacheSettings = () => useQuery({ queryKey: ["cache", "settings"], queryFn: ({ signal }) => get<CacheSettings>("/cache/settings", signal) });
export const useCachePing = (enabled: boolean) => useQuery({ queryKey: ["cache", "ping"], enabled, queryFn: ({ signal }) => get<CachePing>("/cache/ping", signal) });
export const useSetCache = () => useChange(KINDS, (settings: Record<string, unknown>) => post<Changed>("/cache/settings", { cache_settings: settings }));
export const useFlushCache = () => useChange(["cache"], () => post("/cache/flushall", {}));

export interface AuditEntry {
  id: string;
  updated_at: string;
  changed_by: string;
  changed_by_api_key: string | null;
  action: string;
  table_name: string;
  object_id: string;
  before_value: Record<string, unknown> | null;
  updated_values: Record<string, unknown> | null;
}

interface AuditPage extends Cursored {
  audit_logs: AuditEntry[];
}

export interface AuditFilter {
  changed_by: string;
  object_id: string;
  table_name: string | null;
}

export const auditPages = (filter: AuditFilter) => listOf<AuditPage>(["audit", filter], "/audit", { ...filter, page_size: 50 });

export const useAudit = (filter: AuditFilter) => useInfiniteQuery(auditPages(filter));
