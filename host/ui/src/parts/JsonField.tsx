import { JsonInput, type JsonInputProps } from "@mantine/core";

/** A field for JSON, in the letters of code. */
export function JsonField(props: JsonInputProps) {
  return <JsonInput autosize minRows={2} maxRows={12} classNames={{ input: "code" }} {...props} />;
}
