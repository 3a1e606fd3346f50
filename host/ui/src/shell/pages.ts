import { IconAdjustments, IconBuilding, IconChartBar, IconChartHistogram, IconCpu, IconKey, IconListDetails, IconMessages, IconPuzzle, IconShieldHalf, IconUser, IconUsers, IconUserStar } from "@tabler/icons-react";

/** What stands in the navigation; `who` is who is shown the way there. */
export const SECTIONS = [
  {
    name: "observe",
    pages: [
      { to: "/", name: "overview", icon: IconChartBar, who: "all" },
      { to: "/usage", name: "usage", icon: IconChartHistogram, who: "all" },
      { to: "/logs", name: "logs", icon: IconListDetails, who: "all" },
    ],
  },
  {
    name: "access",
    pages: [
      { to: "/keys", name: "keys", icon: IconKey, who: "all" },
      { to: "/teams", name: "teams", icon: IconUsers, who: "leaders" },
      { to: "/users", name: "users", icon: IconUser, who: "admins" },
      { to: "/organizations", name: "organizations", icon: IconBuilding, who: "admins" },
      { to: "/customers", name: "customers", icon: IconUserStar, who: "admins" },
    ],
  },
  {
    name: "gateway",
    pages: [
      { to: "/models", name: "models", icon: IconCpu, who: "admins" },
      { to: "/plugins", name: "plugins", icon: IconPuzzle, who: "admins" },
      { to: "/guardrails", name: "guardrails", icon: IconShieldHalf, who: "admins" },
      { to: "/settings", name: "settings", icon: IconAdjustments, who: "admins" },
    ],
  },
  { name: "try", pages: [{ to: "/playground", name: "playground", icon: IconMessages, who: "all" }] },
] as const;
