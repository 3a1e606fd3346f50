import { MultiSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";

import { teamName, useTeamNames, useTeamSearch } from "../api/lookups";

interface Shared {
  label?: string;
  "aria-label"?: string;
  placeholder?: string;
  error?: React.ReactNode;
}

/** What a list offers for what was typed: what the gateway finds, and what is chosen already. */
function useOffer(chosen: string[]) {
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 300);
  const nameOf = useTeamNames(chosen);
  // The field shows the name of what is chosen: nobody looks for it by that.
  const { data } = useTeamSearch(chosen.some((id) => nameOf(id) === search) ? "" : search);
  // What is found by its id has another name: all that is found is offered.
  const names = new Map<string, string>([...chosen.map((id) => [id, nameOf(id)] as const), ...(data ?? []).map((team) => [team.team_id, teamName(team)] as const)]);
  return { typed, setTyped, data: [...names].map(([value, label]) => ({ value, label })) };
}

/** A team, looked for on the gateway as one types. */
export function TeamField({ value = null, onChange, ...rest }: Shared & { value?: string | null; onChange?: (id: string | null) => void }) {
  const offer = useOffer(value ? [value] : []);
  return <Select clearable searchable value={value || null} onChange={(id) => onChange?.(id)} searchValue={offer.typed} onSearchChange={offer.setTyped} filter={({ options }) => options} data={offer.data} {...rest} />;
}

/** Several of them. */
export function TeamsField({ value = [], onChange, ...rest }: Shared & { value?: string[]; onChange?: (ids: string[]) => void }) {
  const offer = useOffer(value);
  return <MultiSelect clearable searchable value={value} onChange={(ids) => onChange?.(ids)} searchValue={offer.typed} onSearchChange={offer.setTyped} filter={({ options }) => options} data={offer.data} {...rest} />;
}
