import { app } from "./texts/app";
import { common } from "./texts/common";
import { customers } from "./texts/customers";
import { guardrails } from "./texts/guardrails";
import { keys } from "./texts/keys";
import { login } from "./texts/login";
import { logs } from "./texts/logs";
import { models } from "./texts/models";
import { nav } from "./texts/nav";
import { organizations } from "./texts/organizations";
import { overview } from "./texts/overview";
import { playground } from "./texts/playground";
import { plugins } from "./texts/plugins";
import { settings } from "./texts/settings";
import { teams } from "./texts/teams";
import { usage } from "./texts/usage";
import { users } from "./texts/users";

const texts = { app, common, customers, guardrails, keys, login, logs, models, nav, organizations, overview, playground, plugins, settings, teams, usage, users };

export type Dictionary = { [Page in keyof typeof texts]: (typeof texts)[Page]["en"] };

const language = (name: "en" | "zh") => Object.fromEntries(Object.entries(texts).map(([page, both]) => [page, both[name]])) as Dictionary;

export const en = language("en");
export const zh = language("zh");
