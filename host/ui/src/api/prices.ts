import { useQuery } from "@tanstack/react-query";

import { useChange } from "./changes";
import { change, get, path, post } from "./client";

export interface PriceTable {
  source: "local" | "remote";
  url: string | null;
  file: string | null;
  fallback_reason: string | null;
  model_count: number;
  version: string;
  fetched_at: string | null;
}

export interface Schedule {
  scheduled: boolean;
  interval_hours: number | null;
  next_run: string | null;
}

export type Costs = "cost_discount_config" | "cost_margin_config";

export const usePriceTable = () => useQuery({ queryKey: ["prices", "table"], queryFn: ({ signal }) => get<PriceTable>("/model/cost_map/source", signal) });
export const useSchedule = () => useQuery({ queryKey: ["prices", "schedule"], queryFn: ({ signal }) => get<Schedule>("/schedule/model_cost_map_reload/status", signal) });
export const useCosts = (kind: Costs) => useQuery({ queryKey: ["prices", kind], queryFn: ({ signal }) => get<{ values: Record<string, unknown> }>(`/config/${kind}`, signal).then((it) => it.values) });

const KINDS = ["prices"];

export const useReloadPrices = () => useChange([...KINDS, "models"], () => post<{ models_count: number }>("/reload/model_cost_map", {}));
export const useSetSchedule = () => useChange(KINDS, (hours: number | null) => (hours === null ? change("DELETE", "/schedule/model_cost_map_reload") : post(path("/schedule/model_cost_map_reload", { hours }), {})));
export const useSetCosts = (kind: Costs) => useChange(KINDS, (values: unknown) => change("PATCH", `/config/${kind}`, values));
