-- The input of batches whose providers take no file of requests: some whole lines in each piece.
CREATE TABLE sluice.batch_lines (
    id TEXT NOT NULL,
    place BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (id, place)
);
CREATE INDEX batch_lines_created ON sluice.batch_lines (created_ms);
-- What a batch's plugin wrote of its lines, and has to know when the results come.
ALTER TABLE sluice.remote_objects ADD COLUMN state TEXT;
