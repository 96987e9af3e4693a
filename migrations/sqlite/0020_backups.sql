-- The backups that servers made, make or are to make, the newest 200. `open` is 1 for the one that has not ended, else
-- NULL: there is one at most. Times are microseconds since 1970.
CREATE TABLE backups (
    backup_no INTEGER PRIMARY KEY AUTOINCREMENT,
    status TEXT NOT NULL,
    open INTEGER UNIQUE,
    kind TEXT,
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    started_at INTEGER,
    took_ms INTEGER,
    file TEXT,
    bytes INTEGER,
    raw_bytes INTEGER,
    events INTEGER,
    sha256 TEXT,
    verified INTEGER NOT NULL,
    error TEXT,
    removed_at INTEGER
) STRICT;
