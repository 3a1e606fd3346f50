import { Autocomplete } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";

import { useUserNames } from "../api/lookups";
import { useStanding } from "../api/session";

interface Props {
  label: string;
  value?: string;
  onChange?: (id: string) => void;
  error?: React.ReactNode;
  description?: string;
  disabled?: boolean;
  required?: boolean;
}

/** A user's id, with those that exist to choose from where the caller may see them. */
export function UserField({ value = "", onChange, ...rest }: Props) {
  const { seesAll } = useStanding();
  const [search] = useDebouncedValue(value, 300);
  const { data } = useUserNames(search, seesAll);
  const emails = new Map((data ?? []).map((it) => [it.user_id, it.user_email]));
  return (
    <Autocomplete
      value={value}
      onChange={(it) => onChange?.(it)}
      data={[...emails.keys()]}
      // What is found by its email has another id.
      filter={({ options }) => options}
      renderOption={({ option }) => (emails.get(option.value) ? `${option.value} · ${emails.get(option.value)}` : option.value)}
      {...rest}
    />
  );
}
