-- For a million keys and ten million calls. What `sqlite:` or `postgres:` begins in a comment is
-- said to that engine alone.

-- Lists by spend read accounts, so every holder has one from the beginning.
CREATE INDEX accounts_spent ON sluice.accounts (kind, spent_usd, spent_pico, id)
    WHERE span = 'total';
INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico)
    SELECT 'key', id, 'total', 0, 0 FROM sluice.keys WHERE TRUE
    UNION ALL SELECT 'user', id, 'total', 0, 0 FROM sluice.users
    UNION ALL SELECT 'team', id, 'total', 0, 0 FROM sluice.teams
    UNION ALL SELECT 'team_member', id, 'total', 0, 0 FROM sluice.team_members
    UNION ALL SELECT 'organization', id, 'total', 0, 0 FROM sluice.organizations
    UNION ALL SELECT 'end_user', id, 'total', 0, 0 FROM sluice.end_users
    UNION ALL SELECT 'access_group', id, 'total', 0, 0 FROM sluice.access_groups
    UNION ALL SELECT 'tag', id, 'total', 0, 0 FROM sluice.tags WHERE TRUE
    ON CONFLICT (kind, id, span) DO NOTHING;

-- What lists are sorted by.
CREATE INDEX keys_updated ON sluice.keys (updated_at, id);
CREATE INDEX keys_by_name ON sluice.keys (name);
CREATE INDEX keys_max_budget ON sluice.keys (max_budget_usd, max_budget_pico)
    WHERE max_budget_usd IS NOT NULL;
CREATE INDEX users_updated ON sluice.users (updated_at, id);
CREATE INDEX users_email ON sluice.users (email) WHERE email IS NOT NULL;
CREATE INDEX users_alias ON sluice.users (alias) WHERE alias IS NOT NULL;
CREATE INDEX users_max_budget ON sluice.users (max_budget_usd, max_budget_pico)
    WHERE max_budget_usd IS NOT NULL;
CREATE INDEX teams_updated ON sluice.teams (updated_at, id);
CREATE INDEX teams_max_budget ON sluice.teams (max_budget_usd, max_budget_pico)
    WHERE max_budget_usd IS NOT NULL;
-- Which keys are in force.
CREATE INDEX keys_state ON sluice.keys (blocked, expires_at);

-- Rows of an organisation, and those that did not succeed.
CREATE INDEX spend_rows_organization
    ON sluice.spend_rows (organization_id, started_ms, call_id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX spend_rows_failed ON sluice.spend_rows (status, started_ms, call_id)
    WHERE status <> 'success';

-- The lines of a call move into its row, from where alone they are read.
UPDATE sluice.spend_rows SET doc = SUBSTR(doc, 1, LENGTH(doc) - 1) || ',"lines":[' || COALESCE((
    SELECT STRING_AGG(
        '{"deployment":'
            || /*sqlite:JSON_QUOTE(*//*postgres:TO_JSON(*/l.deployment/*sqlite:)*//*postgres:)::TEXT*/
            || ',"provider":'
            || /*sqlite:JSON_QUOTE(*//*postgres:TO_JSON(*/l.provider/*sqlite:)*//*postgres:)::TEXT*/
            || ',"model":'
            || /*sqlite:JSON_QUOTE(*//*postgres:TO_JSON(*/l.model/*sqlite:)*//*postgres:)::TEXT*/
            || ',"usage":' || l.usage_doc
            || ',"cost":' || COALESCE(CAST(l.cost_pico AS TEXT), 'null')
            || CASE WHEN l.estimated = 1 THEN ',"estimated":true' ELSE '' END
            || '}',
        ',' ORDER BY l.line)
    FROM sluice.spend_lines l WHERE l.call_id = spend_rows.call_id), '') || ']}';
DROP TABLE sluice.spend_lines;

-- Sums of a part of a holder, which are among the holder's.
DELETE FROM sluice.rollups WHERE id LIKE '%#model=%';
-- The master key has no account and was among the gateway's sums only.
INSERT INTO sluice.rollups
    SELECT 'key', p.key_hash, p.day, p.key_hash, p.model_group, p.model, p.provider, p.operation,
        p.input_tokens, p.output_tokens, p.cached_tokens, p.cache_write_tokens, p.spent_usd,
        p.spent_pico, p.requests, p.successes, p.failures
    FROM sluice.rollups p
    WHERE p.kind = 'proxy' AND NOT EXISTS (
        SELECT 1 FROM sluice.rollups k
        WHERE k.kind = 'key' AND k.id = p.key_hash AND k.day = p.day AND k.key_hash = p.key_hash);
-- Sums of members, providers, deployments and the gateway are no longer kept for each key: they
-- would be as many as the keys' own. And what is of one day stands together, which is what is
-- written today and what is read of a month.
CREATE TABLE sluice.folded AS
    SELECT kind, id, day,
        CASE WHEN kind IN ('team_member', 'provider', 'deployment', 'proxy') THEN ''
            ELSE key_hash END AS key_hash,
        model_group, model, provider, operation,
        CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
        CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
        CAST(SUM(cached_tokens) AS BIGINT) AS cached_tokens,
        CAST(SUM(cache_write_tokens) AS BIGINT) AS cache_write_tokens,
        CAST(SUM(spent_usd) AS BIGINT) AS spent_usd,
        CAST(SUM(spent_pico / 1000000) AS BIGINT) AS spent_micro,
        CAST(SUM(spent_pico % 1000000) AS BIGINT) AS spent_pico,
        CAST(SUM(requests) AS BIGINT) AS requests,
        CAST(SUM(successes) AS BIGINT) AS successes,
        CAST(SUM(failures) AS BIGINT) AS failures
    FROM sluice.rollups
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
DROP TABLE sluice.rollups;
CREATE TABLE sluice.rollups (
    kind TEXT NOT NULL,
    day BIGINT NOT NULL,
    id TEXT NOT NULL,
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
    PRIMARY KEY (kind, day, id, key_hash, model_group, model, provider, operation)
)/*sqlite: WITHOUT ROWID*/;
INSERT INTO sluice.rollups
    SELECT kind, day, id, key_hash, model_group, model, provider, operation,
        input_tokens, output_tokens, cached_tokens, cache_write_tokens,
        spent_usd + (spent_micro + spent_pico / 1000000) / 1000000,
        (spent_micro + spent_pico / 1000000) % 1000000 * 1000000 + spent_pico % 1000000,
        requests, successes, failures
    FROM sluice.folded;
DROP TABLE sluice.folded;
