-- Alerts: while one of a kind of trouble is not acknowledged, the next of it adds to its count.
ALTER TABLE outbox ADD COLUMN alert TEXT;
ALTER TABLE outbox ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN last_at INTEGER;
CREATE UNIQUE INDEX outbox_alert ON outbox (alert) WHERE alert IS NOT NULL AND acknowledged_at IS NULL;
