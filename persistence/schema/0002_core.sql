-- A trade's result is pending until the exchange's own book was read, then final; estimated where it cannot be known.
ALTER TABLE brackets ADD COLUMN result TEXT;
UPDATE brackets SET result = CASE WHEN estimated THEN 'estimated' ELSE 'pending' END WHERE phase = 'closed';
CREATE INDEX brackets_pending ON brackets (account, worker, seq) WHERE result = 'pending';

-- The lines of the exchange's book that made a trade's result: funding, settlements, fees.
CREATE TABLE ledger (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    id TEXT NOT NULL,
    bracket INTEGER NOT NULL REFERENCES brackets (seq),
    type TEXT NOT NULL,
    fill_id TEXT,
    change TEXT NOT NULL,
    funding TEXT NOT NULL,
    settled TEXT NOT NULL,
    position TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, currency, id, bracket)
) WITHOUT ROWID;
CREATE INDEX ledger_by_bracket ON ledger (bracket, at);

-- What a person chose for an issue; it is resolved when the exchange shows that it has come to pass.
ALTER TABLE issues ADD COLUMN chosen TEXT;
ALTER TABLE issues ADD COLUMN chosen_by TEXT NOT NULL DEFAULT '';
ALTER TABLE issues ADD COLUMN chosen_at INTEGER;
