-- The gateways that run on this database, each with the time at which it was here last, by the
-- database's own clock: commands that replace what is under a gateway ask first. No backup has it.
CREATE TABLE sluice.gateways (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    process BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
)/*sqlite: WITHOUT ROWID*/;
