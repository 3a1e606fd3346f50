import { QueryClient } from "@tanstack/react-query";

import { ApiError, session } from "./api/client";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the gateway refuses stays refused; what it could not answer may be asked again.
      retry: (failures, error) => failures < 3 && !(error instanceof ApiError && error.status < 500) && !(error instanceof ApiError && error.status === 501),
    },
  },
});

// A refusal may be about the role alone: who is signed in is asked again.
session.onEnd = () => void queries.invalidateQueries({ queryKey: ["session"] });

// Whether it is the gateway that is away is asked at once, not at the next turn.
session.onLost = () => void queries.invalidateQueries({ queryKey: ["alive"] });
