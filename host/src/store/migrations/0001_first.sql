-- Times are milliseconds since 1970 in UTC, flags are 0 or 1, `doc` is JSON.
-- Money is whole dollars (`_usd`) and the rest in units of 10^-12 dollars (`_pico`, 0 to 10^12 - 1).
-- Unique indexes are called <table>_<column>: errors name the column after them.

CREATE TABLE sluice.counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO sluice.counters (name, value) VALUES ('changes', 0), ('audit', 0);

CREATE TABLE sluice.changes (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX changes_at ON sluice.changes (at);

CREATE TABLE sluice.audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_key TEXT,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    before_doc TEXT,
    after_doc TEXT
);
CREATE INDEX audit_at ON sluice.audit (at);
CREATE INDEX audit_object ON sluice.audit (kind, id);

CREATE TABLE sluice.budgets (
    id TEXT NOT NULL PRIMARY KEY,
    max_budget_usd BIGINT,
    max_budget_pico BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);

CREATE TABLE sluice.organizations (
    id TEXT NOT NULL PRIMARY KEY,
    alias TEXT,
    budget_id TEXT REFERENCES sluice.budgets (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX organizations_budget ON sluice.organizations (budget_id);

CREATE TABLE sluice.users (
    id TEXT NOT NULL PRIMARY KEY,
    alias TEXT,
    email TEXT,
    sso_id TEXT,
    role TEXT,
    max_budget_usd BIGINT,
    max_budget_pico BIGINT,
    budget_id TEXT REFERENCES sluice.budgets (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX users_sso_id ON sluice.users (sso_id);
CREATE INDEX users_by_email ON sluice.users (LOWER(email));
CREATE INDEX users_by_role ON sluice.users (role);
CREATE INDEX users_budget ON sluice.users (budget_id);
CREATE INDEX users_created ON sluice.users (created_at, id);

CREATE TABLE sluice.organization_members (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES sluice.organizations (id),
    user_id TEXT NOT NULL REFERENCES sluice.users (id),
    role TEXT,
    budget_id TEXT REFERENCES sluice.budgets (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX organization_members_user_id
    ON sluice.organization_members (organization_id, user_id);
CREATE INDEX organization_members_of_user ON sluice.organization_members (user_id);
CREATE INDEX organization_members_budget ON sluice.organization_members (budget_id);

CREATE TABLE sluice.teams (
    id TEXT NOT NULL PRIMARY KEY,
    alias TEXT,
    organization_id TEXT REFERENCES sluice.organizations (id),
    budget_id TEXT REFERENCES sluice.budgets (id),
    blocked BIGINT NOT NULL,
    max_budget_usd BIGINT,
    max_budget_pico BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX teams_by_alias ON sluice.teams (alias);
CREATE INDEX teams_organization ON sluice.teams (organization_id);
CREATE INDEX teams_budget ON sluice.teams (budget_id);
CREATE INDEX teams_created ON sluice.teams (created_at, id);

CREATE TABLE sluice.team_members (
    id TEXT NOT NULL PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES sluice.teams (id),
    user_id TEXT NOT NULL REFERENCES sluice.users (id),
    role TEXT NOT NULL,
    budget_id TEXT REFERENCES sluice.budgets (id),
    max_budget_usd BIGINT,
    max_budget_pico BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX team_members_user_id ON sluice.team_members (team_id, user_id);
CREATE INDEX team_members_of_user ON sluice.team_members (user_id);
CREATE INDEX team_members_budget ON sluice.team_members (budget_id);

CREATE TABLE sluice.keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    alias TEXT,
    user_id TEXT REFERENCES sluice.users (id),
    team_id TEXT REFERENCES sluice.teams (id),
    organization_id TEXT REFERENCES sluice.organizations (id),
    project_id TEXT,
    budget_id TEXT REFERENCES sluice.budgets (id),
    blocked BIGINT NOT NULL,
    expires_at BIGINT,
    rotate_at BIGINT,
    max_budget_usd BIGINT,
    max_budget_pico BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX keys_alias ON sluice.keys (alias);
CREATE INDEX keys_user ON sluice.keys (user_id);
CREATE INDEX keys_team ON sluice.keys (team_id);
CREATE INDEX keys_organization ON sluice.keys (organization_id);
CREATE INDEX keys_budget ON sluice.keys (budget_id);
CREATE INDEX keys_created ON sluice.keys (created_at, id);
CREATE INDEX keys_expires ON sluice.keys (expires_at);
CREATE INDEX keys_rotate ON sluice.keys (rotate_at);

-- The hash of a key before it was rotated: it opens the new one until `revoke_at`.
CREATE TABLE sluice.deprecated_keys (
    id TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES sluice.keys (id) ON DELETE CASCADE,
    revoke_at BIGINT NOT NULL
);
CREATE INDEX deprecated_keys_key ON sluice.deprecated_keys (key_id);
CREATE INDEX deprecated_keys_revoke ON sluice.deprecated_keys (revoke_at);

CREATE TABLE sluice.end_users (
    id TEXT NOT NULL PRIMARY KEY,
    alias TEXT,
    budget_id TEXT REFERENCES sluice.budgets (id),
    blocked BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX end_users_budget ON sluice.end_users (budget_id);

CREATE TABLE sluice.tags (
    id TEXT NOT NULL PRIMARY KEY,
    budget_id TEXT REFERENCES sluice.budgets (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX tags_budget ON sluice.tags (budget_id);

CREATE TABLE sluice.access_groups (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX access_groups_name ON sluice.access_groups (name);

-- `sealed` is a JSON object whose values are encrypted with the salt key.
CREATE TABLE sluice.credentials (
    id TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);

CREATE TABLE sluice.models (
    id TEXT NOT NULL PRIMARY KEY,
    model_name TEXT NOT NULL,
    team_id TEXT,
    blocked BIGINT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX models_name ON sluice.models (model_name);
CREATE INDEX models_team ON sluice.models (team_id);

CREATE TABLE sluice.config (
    id TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);

CREATE TABLE sluice.invitations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES sluice.users (id) ON DELETE CASCADE,
    accepted BIGINT NOT NULL,
    accepted_at BIGINT,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE INDEX invitations_user ON sluice.invitations (user_id);

-- What was spent by a holder in a window; the window `total` is never reset.
CREATE TABLE sluice.accounts (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    span TEXT NOT NULL,
    spent_usd BIGINT NOT NULL,
    spent_pico BIGINT NOT NULL,
    reset_at BIGINT,
    PRIMARY KEY (kind, id, span)
)/*sqlite: WITHOUT ROWID*/;
CREATE INDEX accounts_reset ON sluice.accounts (reset_at) WHERE reset_at IS NOT NULL;

-- One row a call.
CREATE TABLE sluice.spend_rows (
    call_id TEXT NOT NULL PRIMARY KEY,
    started_ms BIGINT NOT NULL,
    ended_ms BIGINT NOT NULL,
    first_token_ms BIGINT,
    provider_id TEXT,
    operation TEXT NOT NULL,
    status TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    key_alias TEXT,
    user_id TEXT,
    team_id TEXT,
    organization_id TEXT,
    end_user TEXT,
    tags TEXT NOT NULL,
    model_group TEXT NOT NULL,
    deployment TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_pico BIGINT,
    cache_hit BIGINT NOT NULL,
    session_id TEXT,
    doc TEXT NOT NULL,
    request TEXT,
    response TEXT
);
CREATE INDEX spend_rows_started ON sluice.spend_rows (started_ms, call_id);
CREATE INDEX spend_rows_key ON sluice.spend_rows (key_hash, started_ms, call_id);
CREATE INDEX spend_rows_user ON sluice.spend_rows (user_id, started_ms, call_id)
    WHERE user_id IS NOT NULL;
CREATE INDEX spend_rows_team ON sluice.spend_rows (team_id, started_ms, call_id)
    WHERE team_id IS NOT NULL;
CREATE INDEX spend_rows_end_user ON sluice.spend_rows (end_user, started_ms, call_id)
    WHERE end_user IS NOT NULL;
CREATE INDEX spend_rows_session ON sluice.spend_rows (session_id, started_ms)
    WHERE session_id IS NOT NULL;
CREATE INDEX spend_rows_provider_id ON sluice.spend_rows (provider_id)
    WHERE provider_id IS NOT NULL;

-- The attempts of a call, each with its part of the bill.
CREATE TABLE sluice.spend_lines (
    call_id TEXT NOT NULL REFERENCES sluice.spend_rows (call_id) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    deployment TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    cost_pico BIGINT,
    estimated BIGINT NOT NULL,
    usage_doc TEXT NOT NULL,
    PRIMARY KEY (call_id, line)
)/*sqlite: WITHOUT ROWID*/;

-- Sums by day (days since 1970 in UTC) for the usage pages.
CREATE TABLE sluice.rollups (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    day BIGINT NOT NULL,
    key_hash TEXT NOT NULL,
    model_group TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    spent_usd BIGINT NOT NULL,
    spent_pico BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (kind, id, day, key_hash, model_group, model, provider, operation)
)/*sqlite: WITHOUT ROWID*/;
CREATE INDEX rollups_day ON sluice.rollups (kind, day);

-- How far each replica's journal is stored: moved in the transaction that stores its rows.
CREATE TABLE sluice.journals (
    id TEXT NOT NULL PRIMARY KEY,
    mark BIGINT NOT NULL
);
