-- Guardrails that were made through the API.
CREATE TABLE sluice.guardrails (
    id TEXT NOT NULL PRIMARY KEY,
    guardrail_name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    doc TEXT NOT NULL
);
CREATE UNIQUE INDEX guardrails_guardrail_name ON sluice.guardrails (guardrail_name);
