-- Sums of each kind of holder lie apart, day after day as calls come: whoever reads those of a week looks
-- at no other kind's and at no other week's. SQLite has them in the order of their key already.
/*postgres:
CREATE TABLE sluice.rollups_apart (LIKE sluice.rollups) PARTITION BY LIST (kind);
CREATE TABLE sluice.rollups_key PARTITION OF sluice.rollups_apart FOR VALUES IN ('key');
CREATE TABLE sluice.rollups_user PARTITION OF sluice.rollups_apart FOR VALUES IN ('user');
CREATE TABLE sluice.rollups_team PARTITION OF sluice.rollups_apart FOR VALUES IN ('team');
CREATE TABLE sluice.rollups_organization PARTITION OF sluice.rollups_apart FOR VALUES IN ('organization');
CREATE TABLE sluice.rollups_end_user PARTITION OF sluice.rollups_apart FOR VALUES IN ('end_user');
CREATE TABLE sluice.rollups_tag PARTITION OF sluice.rollups_apart FOR VALUES IN ('tag');
CREATE TABLE sluice.rollups_others PARTITION OF sluice.rollups_apart DEFAULT;
INSERT INTO sluice.rollups_apart SELECT * FROM sluice.rollups ORDER BY kind, day;
DROP TABLE sluice.rollups;
ALTER TABLE sluice.rollups_apart RENAME TO rollups;
ALTER TABLE sluice.rollups ADD CONSTRAINT rollups_pkey
    PRIMARY KEY (kind, day, id, key_hash, model_group, model, provider, operation);
CREATE INDEX rollups_days ON sluice.rollups
    USING brin (day) WITH (pages_per_range = 32, autosummarize = on);
*/
-- Calls of a price are found without reading their rows.
DROP INDEX sluice.spend_rows_started;
CREATE INDEX spend_rows_started ON sluice.spend_rows (started_ms, call_id, cost_pico);
