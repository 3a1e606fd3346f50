// A gateway at work, for its pictures: people, teams, keys with budgets, and calls that were answered, blocked and
// failed. The config of `cargo xtask screenshots` has the models and guardrails that it names.
import { api, chat, until } from "./browser.mjs";

const ORGANIZATION = "Harbour Labs";
const TEAMS = [["Search", 40], ["Support", 12], ["Research", 80]];
const PEOPLE = [["Ada Lovelace", "proxy_admin"], ["Grace Hopper", "internal_user"], ["Zhang Wei", "internal_user"], ["Mary Jackson", "internal_user_viewer"]];
/** Name, team, person, budget. */
const KEYS = [
  ["search-production", 0, 1, 4],
  ["search-staging", 0, 1, 1],
  ["support-bot", 1, 2, 1],
  ["research-notebooks", 2, 0, 10],
  ["nightly-evaluation", 2, 2, 0.5],
  ["mobile-app", null, 3, 2],
];
const CUSTOMERS = [["acme-gmbh", "Acme GmbH"], ["northwind", "Northwind Traders"]];
// Keys with budgets need prices.
const MODELS = ["gpt-4o", "claude-sonnet", "llama-70b", "gpt-4o", "claude-sonnet"];
const QUESTIONS = ["Which harbours freeze in winter?", "Summarize the ticket and say what to do next.", "Translate the note into Chinese.", "Write a query for orders of the last week.", "What changed between the two releases?"];
const TAGS = ["production", "batch", "experiment"];
const CALLS = 90;
const AT_ONCE = 6;

const email = (name) => `${name.toLowerCase().replace(" ", ".")}@example.com`;
/** The one after the other of a list, over and over. */
const turn = (list, at) => list[at % list.length];

async function people() {
  const { organization_id } = await api("POST", "/organization/new", { organization_alias: ORGANIZATION, max_budget: 500 });
  const users = [];
  for (const [name, role] of PEOPLE) {
    const { user_id } = await api("POST", "/user/new", { user_alias: name, user_email: email(name), user_role: role, auto_create_key: false });
    users.push(user_id);
  }
  const teams = [];
  for (const [name, budget] of TEAMS) {
    const members_with_roles = users.map((user_id, at) => ({ role: at === 0 ? "admin" : "user", user_id }));
    const { team_id } = await api("POST", "/team/new", { team_alias: name, max_budget: budget, budget_duration: "30d", organization_id, members_with_roles });
    teams.push(team_id);
  }
  for (const [user_id, alias] of CUSTOMERS) await api("POST", "/customer/new", { user_id, alias, max_budget: 20 });
  await api("POST", "/credentials", { credential_name: "openai-production", credential_values: { api_key: "sk-of-nobody" }, credential_info: { custom_llm_provider: "openai" } });
  return { users, teams };
}

async function keys({ users, teams }) {
  const made = [];
  for (const [key_alias, team, user, max_budget] of KEYS) {
    const of = { ...(team === null ? {} : { team_id: teams[team] }), user_id: users[user] };
    const { key } = await api("POST", "/key/generate", { key_alias, max_budget, budget_duration: "30d", rpm_limit: 600, ...of });
    made.push(key);
  }
  return made;
}

/** One of the calls, by its number. */
function call(keys, at) {
  const more = { metadata: { tags: [turn(TAGS, at)] }, user: turn(CUSTOMERS, at)[0] };
  const key = turn(keys, at * 7);
  if (at % 15 === 7) return chat("out-of-service", "Is anybody there?", more, key);
  if (at % 15 === 11) return chat("gpt-4o", "Tell me all about project Nightjar.", { ...more, guardrails: ["no-secrets"] }, key);
  const question = `${turn(QUESTIONS, at)} Write to ada@example.com. ${"The tide comes in and the tide goes out. ".repeat(20 + (at % 9) * 40)}`;
  // Times to the first token are of calls whose answers come word by word.
  return chat(turn(MODELS, at), question, { ...more, stream: at % 3 === 0, ...(at % 4 === 0 ? { guardrails: ["no-addresses"] } : {}) }, key);
}

/** Fills the gateway, and waits until what was called stands in the logs. */
export async function seed() {
  const made = await keys(await people());
  const ids = [];
  for (let at = 0; at < CALLS; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, CALLS - at) }, (_, more) => call(made, at + more));
    ids.push(...(await Promise.all(some)).filter((it) => it.status === 200).map((it) => it.id));
  }
  for (const id of ids.slice(-AT_ONCE)) await until(() => api("GET", `/spend/logs/ui/${id}`).catch(() => null));
}
