-- Who is logged in to the page: the cookie by its hash alone, and the key that opened it, so that it ends with the key.
CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    key_digest TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;
