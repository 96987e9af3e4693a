-- Who writes a run, how the server decides that it ended, and which runs were deleted.

-- Processes that write a run. They report that they live; the server appends `run.finished` after the last one ended.
CREATE TABLE writers (
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    writer TEXT NOT NULL,
    -- running, finished, or lost: not heard of in time.
    state TEXT NOT NULL,
    -- When it last reported, how often it promised to, and when it counts as lost. Microseconds.
    heard_at INTEGER NOT NULL,
    interval INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    -- Of a finished one: how it ended.
    status TEXT,
    exit_code INTEGER,
    summary TEXT,
    -- 1: it belongs to a part of the run that has ended, before another writer resumed the run.
    settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_no, writer)
) STRICT;

CREATE INDEX writers_due ON writers (deadline) WHERE state = 'running';

-- When a writer of the run last reported; NULL where none ever did.
ALTER TABLE progress ADD COLUMN contact_at INTEGER;
-- 1: nobody who writes the run was heard of in time.
ALTER TABLE progress ADD COLUMN contact_lost INTEGER NOT NULL DEFAULT 0;

CREATE INDEX progress_quiet ON progress (updated_at) WHERE status = 'running' AND contact_lost = 0;

-- The greatest step that was recorded or scored: where a resumed run goes on.
ALTER TABLE progress ADD COLUMN max_step INTEGER;
UPDATE progress SET max_step = (
    SELECT max(e.step) FROM events AS e WHERE e.run_no = progress.run_no AND e.step IS NOT NULL
);

-- Deleted runs. What is sent for one is refused, until somebody creates the run anew.
CREATE TABLE tombstones (
    id TEXT PRIMARY KEY,
    deleted_at INTEGER NOT NULL,
    -- The greatest step that was scored.
    last_step INTEGER
) STRICT;
