-- How far each replica's journal is stored: moved in the transaction that stores its rows.
CREATE TABLE sluice.journals (
    id TEXT NOT NULL PRIMARY KEY,
    mark BIGINT NOT NULL
);
