-- Responses that clients may ask for again: those that the gateway made of a chat with all that they
-- go on from, those that a provider keeps with the deployment that has them.
CREATE TABLE sluice.responses (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    model_group TEXT NOT NULL,
    deployment TEXT,
    model TEXT,
    input TEXT,
    response TEXT
);
CREATE INDEX responses_created ON sluice.responses (created_ms, id);
