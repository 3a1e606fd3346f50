import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useUser } from "../../api/users";
import { Failed, Waiting } from "../../parts/States";
import { TeamKeys } from "../teams/TeamKeys";

/** A user's teams and keys. */
export function UserDetails({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useUser(id);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (isPending) return <Waiting />;
  return (
    <Stack>
      <Text fw={600}>{t("users.teams")}</Text>
      {data.teams.length === 0 ? <Text c="dimmed">{t("users.noTeams")}</Text> : null}
      <Group gap="md">
        {data.teams.map((team) => (
          <Anchor key={team.team_id} component={Link} to={`/teams/${encodeURIComponent(team.team_id)}`} size="sm">
            {team.team_alias ?? team.team_id}
          </Anchor>
        ))}
      </Group>
      <Text fw={600}>{t("users.keys")}</Text>
      <TeamKeys of={data} />
    </Stack>
  );
}
