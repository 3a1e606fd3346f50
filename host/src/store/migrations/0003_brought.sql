-- What a migration from another gateway brought. `print` is a digest of the row as the source had
-- it, `ours` of the row as it was written here: so that a later run sees which side has changed.
-- `run` is the last run that saw the row at the source, counted from 1.
CREATE TABLE sluice.brought (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    print TEXT NOT NULL,
    ours TEXT NOT NULL,
    run BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
)/*sqlite: WITHOUT ROWID*/;
CREATE INDEX brought_run ON sluice.brought (kind, run);

-- What of an account's sum was spent at the source, and the window it was spent in.
CREATE TABLE sluice.brought_sums (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    span TEXT NOT NULL,
    spent_usd BIGINT NOT NULL,
    spent_pico BIGINT NOT NULL,
    reset_at BIGINT,
    PRIMARY KEY (kind, id, span)
)/*sqlite: WITHOUT ROWID*/;
