CREATE TABLE brackets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    worker TEXT NOT NULL,
    id TEXT NOT NULL,
    strategy TEXT NOT NULL,
    instrument TEXT NOT NULL,
    currency TEXT NOT NULL,
    side TEXT NOT NULL,
    phase TEXT NOT NULL,
    holds INTEGER NOT NULL,
    amount TEXT NOT NULL,
    held TEXT NOT NULL,
    entry TEXT,
    stop TEXT NOT NULL,
    target TEXT NOT NULL,
    average_entry TEXT,
    exit_price TEXT,
    gross TEXT,
    fees TEXT,
    funding TEXT,
    net TEXT,
    estimated INTEGER NOT NULL DEFAULT 0,
    why TEXT NOT NULL,
    reason TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    opened_at INTEGER,
    closed_at INTEGER,
    version INTEGER NOT NULL,
    format INTEGER NOT NULL,
    state TEXT NOT NULL, result TEXT,
    UNIQUE (account, id)
);
CREATE UNIQUE INDEX brackets_one_per_instrument ON brackets (account, instrument) WHERE holds = 1;
CREATE INDEX brackets_by_phase ON brackets (account, phase, seq);
CREATE INDEX brackets_by_strategy ON brackets (account, strategy, seq);
CREATE TABLE orders (
    bracket INTEGER NOT NULL REFERENCES brackets (seq),
    order_id TEXT NOT NULL,
    label TEXT NOT NULL,
    leg TEXT,
    side TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    amount TEXT NOT NULL,
    filled_amount TEXT NOT NULL,
    average_price TEXT NOT NULL,
    price TEXT,
    trigger_price TEXT,
    working INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (bracket, order_id)
) WITHOUT ROWID;
CREATE INDEX orders_by_id ON orders (order_id);
CREATE TABLE intents (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    worker TEXT NOT NULL,
    bracket INTEGER REFERENCES brackets (seq),
    purpose TEXT NOT NULL,
    label TEXT,
    order_id TEXT,
    request TEXT NOT NULL,
    fate TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    valid_until INTEGER,
    outcome TEXT,
    detail TEXT NOT NULL DEFAULT '',
    settled_at INTEGER,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
CREATE INDEX intents_open ON intents (account, sent_at) WHERE outcome IS NULL;
CREATE INDEX intents_by_bracket ON intents (bracket);
CREATE TABLE fills (
    account TEXT NOT NULL,
    instrument TEXT NOT NULL,
    id TEXT NOT NULL,
    bracket INTEGER NOT NULL REFERENCES brackets (seq),
    order_id TEXT NOT NULL,
    label TEXT NOT NULL,
    side TEXT NOT NULL,
    amount TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_currency TEXT NOT NULL,
    profit_loss TEXT NOT NULL,
    liquidity TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, instrument, id)
) WITHOUT ROWID;
CREATE INDEX fills_by_bracket ON fills (bracket, at);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, id);
CREATE INDEX events_by_kind ON events (kind, id);
CREATE TABLE transitions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    machine TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    event TEXT NOT NULL,
    target TEXT,
    code TEXT NOT NULL DEFAULT '',
    sentence TEXT NOT NULL DEFAULT ''
);
CREATE INDEX transitions_by_subject ON transitions (machine, subject, id);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    severity TEXT NOT NULL,
    type TEXT NOT NULL,
    text TEXT NOT NULL,
    dedupe_key TEXT UNIQUE,
    repeat_ms INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    delivered_at INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT ''
, alert TEXT, times INTEGER NOT NULL DEFAULT 1, last_at INTEGER);
CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE strategies (
    worker TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    instrument TEXT NOT NULL,
    parameters TEXT NOT NULL,
    wanted TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT,
    generation INTEGER NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL,
    since INTEGER NOT NULL,
    checkpoints TEXT NOT NULL,
    checkpoints_at INTEGER,
    PRIMARY KEY (worker, name)
) WITHOUT ROWID;
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE credentials (
    broker TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE halts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reason TEXT NOT NULL,
    halted_by TEXT NOT NULL,
    since INTEGER NOT NULL,
    lifted_at INTEGER,
    lifted_by TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX halts_one ON halts (ifnull(lifted_at, 0)) WHERE lifted_at IS NULL;
CREATE TABLE connection_wishes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    broker TEXT NOT NULL,
    wish TEXT NOT NULL,
    wished_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
);
CREATE INDEX connection_wishes_newest ON connection_wishes (broker, id);
CREATE TABLE issues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    instrument TEXT,
    kind TEXT NOT NULL,
    blocks INTEGER NOT NULL,
    text TEXT NOT NULL,
    evidence TEXT NOT NULL,
    actions TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    resolution TEXT,
    resolved_by TEXT NOT NULL DEFAULT '',
    resolved_at INTEGER
, chosen TEXT, chosen_by TEXT NOT NULL DEFAULT '', chosen_at INTEGER);
CREATE UNIQUE INDEX issues_open ON issues (account, key) WHERE resolved_at IS NULL;
CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    at INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE scores (
    account TEXT NOT NULL,
    score TEXT NOT NULL,
    hour INTEGER NOT NULL,
    total INTEGER NOT NULL,
    worst INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (account, score, hour)
) WITHOUT ROWID;
CREATE TABLE starts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    worker TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    at INTEGER NOT NULL,
    ended_at INTEGER,
    ending TEXT NOT NULL DEFAULT ''
);
CREATE TABLE receipts (
    key TEXT NOT NULL PRIMARY KEY,
    command TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL,
    used_at INTEGER,
    revoked_at INTEGER
);
CREATE INDEX brackets_pending ON brackets (account, worker, seq) WHERE result = 'pending';
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
CREATE UNIQUE INDEX outbox_alert ON outbox (alert) WHERE alert IS NOT NULL AND acknowledged_at IS NULL;
CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    key_digest TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA application_id = 1952604531;
PRAGMA user_version = 4;
