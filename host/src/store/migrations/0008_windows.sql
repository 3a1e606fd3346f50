-- When the running window began: what calls cost that ended before it is of an earlier one, however late
-- it is stored. NULL: no window has ended yet.
ALTER TABLE sluice.accounts ADD COLUMN began_at BIGINT;
