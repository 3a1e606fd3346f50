import { Alert } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { ALIVE, send } from "../api/client";

/** Says that the gateway is away, and asks for everything again once it is back. */
export function Connection() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { isError } = useQuery({
    queryKey: ["alive"],
    queryFn: ({ signal }) => send("GET", ALIVE, undefined, signal).then(() => true),
    refetchInterval: (query) => (query.state.status === "error" ? 2_000 : 15_000),
    retry: false,
  });
  const away = useRef(false);
  useEffect(() => {
    if (away.current && !isError) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "alive" });
    away.current = isError;
  }, [isError, client]);
  return isError ? (
    <Alert color="orange" icon={<IconPlugConnectedX aria-hidden />} mb="md" role="status">
      {t("common.offline")}
    </Alert>
  ) : null;
}
