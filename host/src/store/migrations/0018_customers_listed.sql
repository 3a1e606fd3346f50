-- Calls make customers, who become many: a list of them, the newest first, is read by an index.
CREATE INDEX end_users_created ON sluice.end_users (created_at, id);
