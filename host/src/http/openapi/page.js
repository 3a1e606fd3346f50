// Shows the gateway's OpenAPI document. Every text goes in as text, never as markup.

const root = document.documentElement.dataset.root;
const $ = (name) => document.querySelector(name);

/** An element with attributes and children; strings become text. */
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((it) => it !== null));
  return made;
}

/** What a schema takes, in a few words. */
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.filter((it) => it !== null).join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  const types = [schema.type ?? "anything"].flat().filter((it) => it !== "null");
  const items = schema.items && types.includes("array") ? ` of ${typeOf(schema.items)}` : "";
  const range = schema.minimum === undefined ? "" : `, from ${schema.minimum}${schema.maximum === undefined ? "" : ` to ${schema.maximum}`}`;
  return types.join(" or ") + items + range;
}

function fieldTable(fields) {
  const row = ([name, schema, needed]) => el("tr", {},
    el("td", {}, el("code", {}, name), needed ? " *" : ""), el("td", {}, typeOf(schema)), el("td", {}, schema.description ?? ""));
  const head = el("tr", {}, el("th", {}, "name"), el("th", {}, "type"), el("th", {}, ""));
  return el("div", { class: "wide", tabindex: "0" }, el("table", {}, head, ...fields.map(row)));
}

function part(title, ...children) {
  return [el("h3", {}, title), ...children];
}

function parameters(operation) {
  const known = operation.parameters ?? [];
  if (known.length === 0) return [];
  return part("Parameters", fieldTable(known.map((it) => [`${it.name} (${it.in})`, it.schema, it.required])));
}

function body(operation) {
  const content = Object.entries(operation.requestBody?.content ?? {});
  return content.flatMap(([kind, { schema, example }]) => {
    const fields = Object.entries(schema.properties ?? {});
    const needed = schema.required ?? [];
    const shown = fields.length === 0 ? [] : [fieldTable(fields.map(([name, it]) => [name, it, needed.includes(name)]))];
    return part(`Body: ${kind}`, ...shown, schema.description ? el("p", { class: "dim" }, schema.description) : null,
      ...(example === undefined ? [] : [el("pre", { tabindex: "0" }, JSON.stringify(example, null, 2))]));
  });
}

function answers(operation, spec) {
  const rows = Object.entries(operation.responses).map(([status, given]) => {
    const response = given.$ref ? spec.components.responses[given.$ref.split("/").pop()] : given;
    const content = Object.entries(response.content ?? {}).map(([kind, { schema }]) => `${kind}${schema ? `: ${typeOf(schema)}` : ""}`);
    return el("tr", {}, el("td", {}, status), el("td", {}, response.description), el("td", {}, content.join("; ")));
  });
  return part("Answers", el("div", { class: "wide", tabindex: "0" }, el("table", {}, ...rows)));
}

/** The same as a command. */
function command(method, path, operation) {
  const json = operation.requestBody?.content?.["application/json"]?.example;
  const lines = [`curl -X ${method.toUpperCase()} '${location.origin}${root}${path}'`];
  if (!operation.security) lines.push("-H \"Authorization: Bearer $SLUICE_KEY\"");
  if (json) lines.push("-H 'content-type: application/json'", `-d '${JSON.stringify(json).replaceAll("'", "'\\''")}'`);
  return part("As a command", el("pre", { tabindex: "0" }, lines.join(" \\\n  ")));
}

function route(spec, method, path, operation) {
  const made = el("details", { id: operation.operationId }, el("summary", {},
    el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, path), el("span", { class: "dim" }, operation.summary)));
  made.addEventListener("toggle", () => {
    if (made.open && made.childElementCount === 1) {
      made.append(el("div", { class: "inside" }, el("p", {}, operation.description), ...parameters(operation), ...body(operation),
        ...answers(operation, spec), ...command(method, path, operation)));
    }
  });
  const words = `${method} ${path} ${operation.summary}`.toLowerCase();
  return { made, words, served: operation.responses["501"] === undefined, tag: operation.tags[0] };
}

function show(spec) {
  $("#version").textContent = spec.info.version;
  $("#about").textContent = spec.info.description;
  const all = Object.entries(spec.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => route(spec, method, path, operation)));
  const groups = spec.tags.map(({ name, description }) => {
    const routes = all.filter((it) => it.tag === name);
    const section = el("section", { id: name }, el("h2", {}, name), el("p", {}, description), ...routes.map((it) => it.made));
    const link = el("a", { href: `#${encodeURIComponent(name)}` }, name);
    return { section, link, routes };
  });
  $("nav").replaceChildren(...groups.map((it) => it.link));
  $("main").replaceChildren(...groups.map((it) => it.section));
  const filter = () => {
    const words = $("#filter").value.toLowerCase().split(/\s+/);
    for (const { section, link, routes } of groups) {
      for (const it of routes) it.made.hidden = !(words.every((word) => it.words.includes(word)) && (it.served || $("#unserved").checked));
      section.hidden = link.hidden = routes.every((it) => it.made.hidden);
    }
  };
  $("#filter").addEventListener("input", filter);
  $("#unserved").addEventListener("change", filter);
  $("form").addEventListener("submit", (event) => event.preventDefault());
  filter();
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.tagName === "DETAILS") named.open = true;
  named?.scrollIntoView();
}

try {
  const answer = await fetch(`${root}/openapi.json`);
  if (!answer.ok) throw new Error(`the gateway answers ${answer.status}`);
  show(await answer.json());
} catch (cause) {
  $("#about").textContent = `The document could not be loaded: ${cause.message}. Load the page anew.`;
}
