import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { ApiError, get, post, session as door } from "./client";

export interface Session {
  user_id: string | null;
  user_role: string;
  user_email?: string | null;
  login_method?: string;
}

/** What somebody signs in with. */
export type Proof = { username: string; password: string } | { key: string };

/** Where the gateway has no sessions: who holds the key that pages ask with. */
async function holder(signal?: AbortSignal): Promise<Session> {
  try {
    const { user_info } = await get<{ user_info: { user_id: string; user_role: string | null; user_email: string | null } }>("/user/info", signal);
    return { ...user_info, user_role: user_info.user_role ?? "internal_user", login_method: "key" };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 400) throw error;
    // The key belongs to no user: the master key, or one that stands for itself.
    const master = await get("/health/license", signal).then(() => true, () => false);
    return { user_id: null, user_role: master ? "proxy_admin" : "internal_user", login_method: "key" };
  }
}

const isMissing = (error: unknown) => error instanceof ApiError && [404, 405, 501].includes(error.status);

async function current(signal?: AbortSignal): Promise<Session | null> {
  try {
    return await get<Session>("/v2/session", signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    if (!isMissing(error)) throw error;
  }
  try {
    return await holder(signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

const KEY = ["session"];

/** Who is signed in; null is nobody. */
export function useSession() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => current(signal), staleTime: 300_000 });
}

async function signIn(proof: Proof): Promise<Session> {
  door.bearer = null;
  try {
    // Without a name the password is a key.
    await post("/v2/login", "key" in proof ? { username: "", password: proof.key } : proof);
    return await get<Session>("/v2/session");
  } catch (error) {
    if (!isMissing(error) || !("key" in proof)) throw error;
  }
  door.bearer = proof.key;
  try {
    return await holder();
  } catch (error) {
    door.bearer = null;
    throw error;
  }
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({ mutationFn: signIn, onSuccess: (it) => client.setQueryData(KEY, it) });
}

// Who has just left is not sent to the identity provider again.
let left = false;

export const hasLeft = () => left;

/** Ends the session and forgets what it showed. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      door.bearer = null;
      return post<{ redirect_url: string | null }>("/session/logout", {}).catch((error: unknown) => {
        if (!isMissing(error) && !(error instanceof ApiError && error.status === 401)) throw error;
        return null;
      });
    },
    onSuccess: (answer) => {
      left = true;
      if (answer?.redirect_url) location.assign(answer.redirect_url);
      client.setQueryData(KEY, null);
      client.removeQueries({ predicate: (it) => it.queryKey[0] !== KEY[0] });
    },
  });
}

export interface Entrance {
  sso_configured: boolean;
  sso_url: string | null;
  auto_redirect_to_sso: boolean;
}

/** What ways in there are. */
export function useEntrance() {
  return useQuery({ queryKey: ["entrance"], retry: false, staleTime: Number.POSITIVE_INFINITY, queryFn: ({ signal }) => get<Entrance>("/.well-known/litellm-ui-config", signal) });
}

export interface Standing {
  /** May change everything. */
  admin: boolean;
  /** Sees everything. */
  seesAll: boolean;
  /** Changes nothing. */
  readsOnly: boolean;
  userId: string | null;
}

export function standingOf(it: Session | null | undefined): Standing {
  const role = it?.user_role ?? "";
  return {
    admin: role === "proxy_admin",
    seesAll: role === "proxy_admin" || role === "proxy_admin_viewer",
    readsOnly: role.endsWith("_viewer"),
    userId: it?.user_id ?? null,
  };
}

/** What the pages may offer to who is signed in. The gateway decides in any case. */
export function useStanding(): Standing {
  return standingOf(useSession().data);
}

export interface Invited {
  user_id: string;
  user_email: string | null;
  expires_at: string;
}

export function useInvitation(link: string) {
  return useQuery({ queryKey: ["invitation", link], retry: false, queryFn: ({ signal }) => get<Invited>(`/onboarding/get_token?invite_link=${encodeURIComponent(link)}`, signal) });
}

export const useClaim = () => useMutation({ mutationFn: (it: { invitation_link: string; user_id: string; password: string }) => post("/onboarding/claim_token", it) });
