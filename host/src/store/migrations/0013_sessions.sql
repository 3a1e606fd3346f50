-- Sessions of the admin UI: the SHA-256 of the cookie, whose it is, and when it ends. They are in no
-- backup: one that is restored would bring back what was ended since.
CREATE TABLE sluice.sessions (
    id TEXT NOT NULL PRIMARY KEY,
    -- master, admin, key or user
    kind TEXT NOT NULL,
    -- The key's hash, or the user's id.
    holder TEXT NOT NULL,
    -- What of the operator's own password it was begun with, bound to the cookie.
    proof TEXT,
    method TEXT NOT NULL,
    address TEXT,
    agent TEXT,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_holder ON sluice.sessions (kind, holder, created_ms);
CREATE INDEX sessions_expires ON sluice.sessions (expires_ms);
CREATE INDEX sessions_seen ON sluice.sessions (seen_ms);
