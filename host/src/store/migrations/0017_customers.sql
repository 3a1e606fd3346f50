-- Customers are as many as clients like, so that their sums by customer, key, model and operation are nearly as
-- many as calls. Two coarser sums are kept beside: by day, customer and key (`end_user_days`), and of all
-- customers by day, key, model and operation (`end_users`).
/*postgres:
CREATE TABLE sluice.rollups_end_user_days PARTITION OF sluice.rollups FOR VALUES IN ('end_user_days');
CREATE TABLE sluice.rollups_end_users PARTITION OF sluice.rollups FOR VALUES IN ('end_users');
*/
INSERT INTO sluice.rollups (kind, day, id, key_hash, model_group, model, provider, operation,
    input_tokens, output_tokens, cached_tokens, cache_write_tokens, spent_usd, spent_pico,
    requests, successes, failures)
SELECT 'end_user_days', day, id, key_hash, '', '', '', '',
    CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),
    CAST(SUM(cached_tokens) AS BIGINT), CAST(SUM(cache_write_tokens) AS BIGINT),
    CAST(SUM(spent_usd) AS BIGINT) + CAST(SUM(spent_pico) AS BIGINT) / 1000000000000,
    CAST(SUM(spent_pico) AS BIGINT) % 1000000000000,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(successes) AS BIGINT), CAST(SUM(failures) AS BIGINT)
FROM sluice.rollups WHERE kind = 'end_user' GROUP BY day, id, key_hash ORDER BY day;
INSERT INTO sluice.rollups (kind, day, id, key_hash, model_group, model, provider, operation,
    input_tokens, output_tokens, cached_tokens, cache_write_tokens, spent_usd, spent_pico,
    requests, successes, failures)
SELECT 'end_users', day, '', key_hash, model_group, model, provider, operation,
    CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT),
    CAST(SUM(cached_tokens) AS BIGINT), CAST(SUM(cache_write_tokens) AS BIGINT),
    CAST(SUM(spent_usd) AS BIGINT) + CAST(SUM(spent_pico) AS BIGINT) / 1000000000000,
    CAST(SUM(spent_pico) AS BIGINT) % 1000000000000,
    CAST(SUM(requests) AS BIGINT), CAST(SUM(successes) AS BIGINT), CAST(SUM(failures) AS BIGINT)
FROM sluice.rollups WHERE kind = 'end_user'
GROUP BY day, key_hash, model_group, model, provider, operation ORDER BY day;
-- Calls are found by the alias that their key had.
CREATE INDEX spend_rows_alias ON sluice.spend_rows (key_alias, started_ms, call_id)
    WHERE key_alias IS NOT NULL;
