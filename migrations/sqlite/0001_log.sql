-- The log and its projections. Times are microseconds since the Unix epoch, UTC. JSON stands in TEXT columns.

-- What people said about a run. Rows here change rarely; what every commit changes is in `progress`.
CREATE TABLE runs (
    -- AUTOINCREMENT: a number is never given twice, so leftovers of a deleted run can never join a new one.
    run_no INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    agent TEXT,
    task TEXT,
    tags TEXT NOT NULL,
    notes TEXT NOT NULL DEFAULT '',
    config TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The first `task_id` and `run_type` its metadata or its snapshots' metadata named.
    task_id TEXT,
    run_type TEXT
) STRICT;

CREATE INDEX runs_of_task ON runs (task_id, run_type) WHERE task_id IS NOT NULL;

-- The fold of a run's log, brought forward in the transaction that appends.
CREATE TABLE progress (
    run_no INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    status TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Events in the log; the sequence number the next one gets.
    head INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    episodes INTEGER NOT NULL,
    failing INTEGER NOT NULL,
    -- Snapshots that have a root score, and its mean over them. A mean, since a sum of finite scores may overflow.
    rooted INTEGER NOT NULL,
    mean_root REAL NOT NULL,
    last_root REAL,
    -- The greatest step number of a snapshot, and where the last such snapshot lies.
    last_step INTEGER,
    last_step_place INTEGER
) STRICT;

-- The log. `place` is run_no * 2^36 + seq: one run's events lie side by side in order and need no further index.
-- An ordinary rowid table, since SQLite spills rows of a WITHOUT ROWID table past about 1,000 bytes to pages of
-- their own.
CREATE TABLE events (
    place INTEGER PRIMARY KEY,
    run_no INTEGER NOT NULL,
    id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    episode TEXT,
    step INTEGER,
    root REAL,
    failure TEXT,
    -- 1 where an origin client posted it, identified by its step.
    origin INTEGER,
    body TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_id ON events (run_no, id);
CREATE UNIQUE INDEX events_of_origin ON events (run_no, step) WHERE origin = 1;
CREATE INDEX events_by_step ON events (run_no, step) WHERE step IS NOT NULL;
CREATE INDEX events_failing ON events (run_no, step) WHERE failure IS NOT NULL;

-- Commands, from the log's `command.issued` until its `command.applied`.
CREATE TABLE commands (
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    command_id TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    applied_seq INTEGER,
    PRIMARY KEY (run_no, command_id)
) STRICT;

CREATE INDEX commands_pending ON commands (run_no, seq) WHERE applied_seq IS NULL;

-- Sealed film chunks. Derived from the log: any may be dropped at any time.
CREATE TABLE chunks (
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    level INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (run_no, level, chunk)
) STRICT;

-- Deleted runs whose events still wait to be removed, some at a time.
CREATE TABLE doomed (
    run_no INTEGER PRIMARY KEY
) STRICT;

-- Written to learn whether the database can be written.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    beats INTEGER NOT NULL
) STRICT;

INSERT INTO heartbeat (id, beats) VALUES (1, 0);
