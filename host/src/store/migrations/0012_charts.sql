-- What charts count of calls: those that the cache answered, and those that were too many. Each reads
-- its index only, whatever else there is.
CREATE INDEX spend_rows_cached ON sluice.spend_rows (started_ms, key_hash, operation, model, output_tokens)
    WHERE cache_hit = 1;
CREATE INDEX spend_rows_too_many ON sluice.spend_rows (model_group, started_ms, deployment)
    WHERE status = 'failure' AND doc LIKE '%"error":{"status":429,%';
