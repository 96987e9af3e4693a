-- The backups that servers made, make or are to make, the newest 200. `open` is 1 for the one that has not ended, else
-- NULL: there is one at most. Times are microseconds since 1970.
CREATE TABLE backups (
    backup_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status TEXT COLLATE "C" NOT NULL,
    open BIGINT UNIQUE,
    kind TEXT COLLATE "C",
    asked_by TEXT COLLATE "C" NOT NULL,
    asked_at BIGINT NOT NULL,
    started_at BIGINT,
    took_ms BIGINT,
    file TEXT COLLATE "C",
    bytes BIGINT,
    raw_bytes BIGINT,
    events BIGINT,
    sha256 TEXT COLLATE "C",
    verified BIGINT NOT NULL,
    error TEXT COLLATE "C",
    removed_at BIGINT
);
