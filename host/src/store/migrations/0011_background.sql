-- Whom a response that its provider makes in the background is charged to, as a row without its cost,
-- until it is booked.
ALTER TABLE sluice.responses ADD COLUMN account TEXT;
