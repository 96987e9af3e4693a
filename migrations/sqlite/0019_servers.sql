-- The servers of this database, and which of them does what. One process has a SQLite database, so both tables stay
-- empty here: a number means the same schema in every backend.

CREATE TABLE servers (
    server TEXT NOT NULL PRIMARY KEY,
    commits INTEGER NOT NULL DEFAULT 0,
    seen_at INTEGER NOT NULL,
    artifacts TEXT
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
