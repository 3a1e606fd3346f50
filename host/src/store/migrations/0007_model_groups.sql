-- Calls of a model group with few of them, or none, among millions of others.
CREATE INDEX spend_rows_model_group ON sluice.spend_rows (model_group, started_ms, call_id);
