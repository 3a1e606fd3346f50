import { NumberInput, Select, SimpleGrid, Switch, TagsInput, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schema } from "../api/plugins";
import { JsonField } from "./JsonField";

/** What is in the fields: objects and other lists as the text of their JSON. */
export type SchemaValues = Record<string, unknown>;

const typeOf = (it: Schema) => (Array.isArray(it.type) ? it.type.find((name) => name !== "null") : it.type);

const isTexts = (it: Schema) => typeOf(it) === "array" && typeOf(it.items ?? {}) === "string";

/** Whether a property is written as JSON. */
export const isJson = (it: Schema): boolean => !it.enum && !isTexts(it) && !["string", "boolean", "integer", "number"].includes(typeOf(it) ?? "string");

interface Props {
  name: string;
  of: Schema;
  required: boolean;
  value: unknown;
  error: ReactNode;
  onChange: (value: unknown) => void;
}

/** A field for each property of a JSON Schema. */
export function SchemaFields({ schema, values, errors = {}, onChange }: { schema: Schema; values: SchemaValues; errors?: Record<string, ReactNode>; onChange: (values: SchemaValues) => void }) {
  const set = (name: string) => (value: unknown) => onChange({ ...values, [name]: value });
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {Object.entries(schema.properties ?? {}).map(([name, of]) => (
        <SchemaField key={name} name={name} of={of} required={schema.required?.includes(name) ?? false} value={values[name]} error={errors[name]} onChange={set(name)} />
      ))}
    </SimpleGrid>
  );
}

function SchemaField({ name, of, required, value, error, onChange }: Props) {
  const said = of.default === undefined || of.default === null ? undefined : JSON.stringify(of.default);
  // What a title goes on to explain stands below the field.
  const [label, ...more] = (of.title ?? name).split("; ");
  const below = [...more, of.description ?? of["x-env"]?.join(", ")].filter((it) => it).join(". ");
  const shared = { label, description: below || undefined, required, error };
  if (of.enum) return <Select {...shared} clearable placeholder={said} data={of.enum.map(String)} value={value === undefined ? null : String(value)} onChange={(it) => onChange(it ?? undefined)} />;
  if (isTexts(of)) return <TagsInput {...shared} value={Array.isArray(value) ? value.map(String) : []} onChange={(it) => onChange(it.length > 0 ? it : undefined)} />;
  switch (typeOf(of) ?? "string") {
    case "boolean":
      return <Switch mt={{ base: 0, xs: 28 }} label={shared.label} description={shared.description} error={error} checked={Boolean(value ?? of.default)} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "integer":
    case "number":
      return <NumberInput {...shared} placeholder={said} min={of.minimum} max={of.maximum} allowDecimal={typeOf(of) === "number"} value={(value as number | string | undefined) ?? ""} onChange={(it) => onChange(it === "" ? undefined : it)} />;
    case "string":
      return <TextInput {...shared} placeholder={typeof of.default === "string" ? of.default : undefined} value={String(value ?? "")} onChange={(event) => onChange(event.currentTarget.value || undefined)} />;
    default:
      return <JsonField {...shared} placeholder={said} value={String(value ?? "")} onChange={(it) => onChange(it || undefined)} />;
  }
}

/** Values as the gateway takes them: what was written as JSON is read. */
export function schemaRequest(schema: Schema, values: SchemaValues): Record<string, unknown> {
  const read = Object.entries(schema.properties ?? {}).map(([name, of]) => {
    const value = values[name];
    return [name, value !== undefined && isJson(of) ? JSON.parse(String(value)) : (value ?? null)] as const;
  });
  return Object.fromEntries(read);
}

/** Values for the fields, of parameters that are there. */
export function schemaValues(schema: Schema, params: Record<string, unknown>): SchemaValues {
  const known = Object.entries(schema.properties ?? {}).filter(([name]) => params[name] !== undefined && params[name] !== null);
  return Object.fromEntries(known.map(([name, of]) => [name, isJson(of) ? JSON.stringify(params[name], null, 2) : params[name]]));
}
