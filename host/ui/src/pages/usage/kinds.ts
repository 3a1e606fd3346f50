import type { Day, Holder } from "../../api/usage";

interface Kind {
  holder: Holder;
  part: keyof Day["breakdown"];
  /** Who may ask for it. */
  who: "all" | "admins";
}

/** By what usage is told apart. */
export const KINDS = {
  model: { holder: "user", part: "models", who: "all" },
  group: { holder: "user", part: "model_groups", who: "all" },
  provider: { holder: "user", part: "providers", who: "all" },
  key: { holder: "user", part: "api_keys", who: "all" },
  endpoint: { holder: "user", part: "endpoints", who: "all" },
  user: { holder: "user", part: "entities", who: "admins" },
  team: { holder: "team", part: "entities", who: "all" },
  tag: { holder: "tag", part: "entities", who: "all" },
  organization: { holder: "organization", part: "entities", who: "admins" },
  customer: { holder: "customer", part: "entities", who: "admins" },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
