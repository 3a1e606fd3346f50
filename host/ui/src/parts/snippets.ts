// A request as code to take along.

export const LANGUAGES = { curl: "curl", python: "Python", javascript: "JavaScript" } as const;
export type CodeLanguage = keyof typeof LANGUAGES;

/** JSON as Python writes it. */
function python(value: unknown, indent = ""): string {
  const deeper = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[\n${value.map((it) => `${deeper}${python(it, deeper)},\n`).join("")}${indent}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, it]) => `${deeper}${JSON.stringify(name)}: ${python(it, deeper)},\n`);
    return members.length === 0 ? "{}" : `{\n${members.join("")}${indent}}`;
  }
  return JSON.stringify(value);
}

const inShell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(origin: string, key: string, body: Record<string, unknown>): string {
  return [
    `curl ${origin}/v1/chat/completions \\`,
    `  -H ${inShell(`Authorization: Bearer ${key}`)} \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d ${inShell(JSON.stringify(body, null, 2))}`,
  ].join("\n");
}

function inPython(origin: string, key: string, body: Record<string, unknown>): string {
  const given = Object.entries(body).map(([name, value]) => `    ${name}=${python(value, "    ")},\n`);
  const after = body.stream ? 'for chunk in answer:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="")' : "print(answer.choices[0].message.content)";
  return `from openai import OpenAI\n\nclient = OpenAI(base_url=${JSON.stringify(`${origin}/v1`)}, api_key=${JSON.stringify(key)})\nanswer = client.chat.completions.create(\n${given.join("")})\n${after}`;
}

function inJavaScript(origin: string, key: string, body: Record<string, unknown>): string {
  const after = body.stream ? 'for await (const chunk of answer) {\n  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");\n}' : "console.log(answer.choices[0].message.content);";
  return `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: ${JSON.stringify(`${origin}/v1`)}, apiKey: ${JSON.stringify(key)} });\nconst answer = await client.chat.completions.create(${JSON.stringify(body, null, 2)});\n${after}`;
}

/** A chat completion, as a program of that language asks for it. */
export function snippet(language: CodeLanguage, origin: string, key: string, body: Record<string, unknown>): string {
  return { curl, python: inPython, javascript: inJavaScript }[language](origin, key, body);
}
