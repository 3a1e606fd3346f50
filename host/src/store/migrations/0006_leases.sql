-- What each gateway may spend of a budget that several of them share: granted and not yet among what
-- the account has spent, in units of 10^-12 dollars. A holder is a journal, which outlives its
-- process; a lease that is not renewed has ended, by the database's own clock. No backup has it.
CREATE TABLE sluice.leases (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    span TEXT NOT NULL,
    holder TEXT NOT NULL,
    amount_pico BIGINT NOT NULL,
    -- 1: some of it may be given back; 0: the holder said that it uses all.
    spare BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id, span, holder)
)/*sqlite: WITHOUT ROWID*/;
CREATE INDEX leases_holder ON sluice.leases (holder);

-- Budgets of which a gateway found nothing left while others held some, and when that was.
CREATE TABLE sluice.lease_wants (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    span TEXT NOT NULL,
    wanted_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id, span)
)/*sqlite: WITHOUT ROWID*/;
