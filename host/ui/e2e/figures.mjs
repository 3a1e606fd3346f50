// Calls whose tokens, price and end are known, and how the pages write numbers in English.
import { api, chat, until } from "./browser.mjs";
import { mark } from "./stage.mjs";

const number = (options) => {
  const made = new Intl.NumberFormat("en", options);
  return (it) => made.format(it);
};

export const count = number();
export const short = number({ notation: "compact", maximumFractionDigits: 1 });
export const percent = number({ style: "percent", maximumFractionDigits: 1 });
const [whole, small] = [{}, { maximumSignificantDigits: 3 }].map((it) => number({ style: "currency", currency: "USD", ...it }));
/** Small amounts keep three figures that say something. */
export const dollars = (it) => (it !== 0 && Math.abs(it) < 0.1 ? small(it) : whole(it));
const megabytes = number({ style: "unit", unit: "megabyte", maximumFractionDigits: 1 });
export const bytes = (it) => megabytes(it / 1_048_576);

const [fine, plain] = [2, 0].map((it) => number({ style: "unit", unit: "millisecond", maximumFractionDigits: it }));
const seconds = number({ style: "unit", unit: "second", maximumFractionDigits: 1 });
/** Of milliseconds. */
export const duration = (ms) => (ms >= 1000 ? seconds(ms / 1000) : ms < 10 ? fine(ms) : plain(ms));

/** How long the answered calls of a model took, as the pages write it: how many, the median, and what 95 of 100 kept to. */
export async function times(model) {
  const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  const { data } = await api("GET", `/spend/logs/ui?start_date=${day(0)}&end_date=${day(0)}&status_filter=success&model=${model}&page_size=100`);
  const took = data.map((it) => it.request_duration_ms).sort((a, b) => a - b);
  return [count(took.length), ...[0.5, 0.95].map((share) => duration(took[Math.ceil(took.length * share) - 1]))];
}

/** What a page tells of the times of a model. */
export async function timesTold(page, model) {
  const row = page.getByRole("region", { name: "Table: How long answers took" }).getByRole("row").filter({ has: page.getByText(model, { exact: true }) });
  await row.waitFor();
  return (await row.getByRole("cell").allTextContents()).slice(1, 4);
}

/** The column of today, the last one of a chart: what each part is told to be when it is pointed at, and how high the parts are that are drawn. */
export async function column(page) {
  const bars = page.locator(".recharts-bar-rectangle path");
  await bars.first().waitFor();
  const { x, y, width, height } = await page.locator(".recharts-cartesian-grid").boundingBox();
  await page.mouse.move(x + width - 4, y + height / 2);
  const parts = page.locator(".mantine-ChartTooltip-tooltipItem");
  await parts.first().waitFor();
  const texts = (part) => page.locator(`.mantine-ChartTooltip-tooltipItem${part}`).allTextContents();
  const [names, values] = [await texts("Name"), await texts("Data")];
  const drawn = await bars.evaluateAll((all) => all.map((it) => ["x", "height"].map((name) => Number(it.getAttribute(name)))));
  const last = Math.max(...drawn.map(([at]) => at));
  return { told: Object.fromEntries(names.map((name, at) => [name, values[at]])), heights: drawn.filter(([at]) => at === last).map(([, it]) => it) };
}

/** What a holder of [`known`] used. An answer that is made up has 10 tokens in and 20 out: half a dollar at these prices. */
export const USED = { spend: 1.5, prompt_tokens: 30, completion_tokens: 60, cache_read_input_tokens: 0, total_tokens: 90, successful_requests: 3, failed_requests: 1, api_requests: 4 };
const PRICES = { input_cost_per_token: 0.01, output_cost_per_token: 0.02 };

/** Sums of the last days by the API. */
export function activity(holder = "user", days = 7) {
  const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  return api("GET", `/${holder}/daily/activity/aggregated?start_date=${day(days - 1)}&end_date=${day(0)}`);
}

/** The sums of one group, over all days; null: it is not there. */
export function groupOf({ results }, part, id) {
  const found = results.map((day) => day.breakdown[part][id]?.metrics).filter((it) => it);
  if (found.length === 0) return null;
  return Object.fromEntries(Object.keys(USED).map((name) => [name, found.reduce((total, it) => total + it[name], 0)]));
}

/** A user, a team and a key with these names, and three answered calls and a failed one of theirs, in the sums. */
export async function known() {
  const name = mark();
  const [user, team] = [`${name}-user`, `${name}-team`];
  const models = [];
  for (const [model_name, params] of [[name, { mock_response: "known", ...PRICES }], [`${name}-fails`, { mock_response: "litellm.BadRequestError", ...PRICES }]]) {
    const { model_id } = await api("POST", "/model/new", { model_name, litellm_params: { model: `anthropic/${model_name}`, api_key: "k-e2e", ...params } });
    models.push(model_id);
    await until(async () => (await api("GET", "/v1/models")).data.some((it) => it.id === model_name));
  }
  const { user_id } = await api("POST", "/user/new", { user_id: user, user_alias: user, auto_create_key: false });
  const { team_id } = await api("POST", "/team/new", { team_id: team, team_alias: team, members_with_roles: [{ role: "user", user_id }] });
  const { key, token } = await api("POST", "/key/generate", { key_alias: `${name}-key`, user_id, team_id });
  for (const model of [name, name, name, `${name}-fails`]) await chat(model, "hello", {}, key);
  await until(async () => groupOf(await activity(), "api_keys", token)?.api_requests === USED.api_requests);
  const takeAway = async () => {
    await api("POST", "/key/delete", { keys: [key] });
    await api("POST", "/team/delete", { team_ids: [team_id] });
    await api("POST", "/user/delete", { user_ids: [user_id] });
    for (const id of models) await api("POST", "/model/delete", { id });
  };
  return { name, user: { name: user, id: user_id }, team: { name: team, id: team_id }, key: { name: `${name}-key`, id: token }, takeAway };
}
