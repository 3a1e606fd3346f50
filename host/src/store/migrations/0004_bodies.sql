-- Bodies of calls stand beside the rows: a row is read without them, booked without them, and they
-- may come before it. Those that were brought from another gateway move.
CREATE TABLE sluice.spend_bodies (
    call_id TEXT NOT NULL PRIMARY KEY,
    started_ms BIGINT NOT NULL,
    request TEXT,
    response TEXT
);
INSERT INTO sluice.spend_bodies (call_id, started_ms, request, response)
    SELECT call_id, started_ms, request, response FROM sluice.spend_rows
    WHERE request IS NOT NULL OR response IS NOT NULL;
CREATE INDEX spend_bodies_started ON sluice.spend_bodies (started_ms, call_id);
ALTER TABLE sluice.spend_rows DROP COLUMN request;
ALTER TABLE sluice.spend_rows DROP COLUMN response;
