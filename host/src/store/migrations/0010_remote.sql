-- Files and batches that lie at providers: the id that clients have, whose it is, and where it is
-- there. `doc` is what was last told of it, with our ids.
CREATE TABLE sluice.remote_objects (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    model_group TEXT NOT NULL,
    deployment TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    doc TEXT NOT NULL,
    -- Whom a batch is charged to, as a row without its cost; none: it is booked, or no batch.
    account TEXT,
    -- When a batch was last looked at, or before when nobody else shall.
    looked_ms BIGINT NOT NULL
);
CREATE INDEX remote_objects_owner ON sluice.remote_objects (kind, owner, created_ms, id);
CREATE INDEX remote_objects_unbooked ON sluice.remote_objects (looked_ms) WHERE account IS NOT NULL;
