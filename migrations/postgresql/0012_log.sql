-- The log and its projections. A number means the same schema in PostgreSQL as in SQLite; PostgreSQL begins with
-- the twelfth. Why there is what there is: see the files of SQLite.
--
-- Times are microseconds since the Unix epoch, UTC. Truth values are 0 and 1, JSON stands in TEXT columns, and texts
-- are compared byte by byte, all as in SQLite, so that both answer the same statements alike.

CREATE TABLE runs (
    run_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    agent TEXT COLLATE "C",
    task TEXT COLLATE "C",
    tags TEXT COLLATE "C" NOT NULL,
    notes TEXT COLLATE "C" NOT NULL DEFAULT '',
    config TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    task_id TEXT COLLATE "C",
    run_type TEXT COLLATE "C",
    edits BIGINT NOT NULL DEFAULT 0,
    rules TEXT COLLATE "C"
);

CREATE INDEX runs_of_task ON runs (task_id, run_type) WHERE task_id IS NOT NULL;

CREATE TABLE progress (
    run_no BIGINT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    status TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    head BIGINT NOT NULL,
    steps BIGINT NOT NULL,
    episodes BIGINT NOT NULL,
    failing BIGINT NOT NULL,
    scored_count BIGINT NOT NULL,
    mean_root DOUBLE PRECISION NOT NULL,
    last_root DOUBLE PRECISION,
    last_step BIGINT,
    last_step_place BIGINT,
    root_sum BYTEA,
    last_root_place BIGINT,
    top_step BIGINT,
    contact_at BIGINT,
    contact_lost BIGINT NOT NULL DEFAULT 0,
    max_step BIGINT,
    evidence BIGINT
-- Each append changes the row: room for new versions of it keeps its index as it is.
) WITH (fillfactor = 50);

CREATE INDEX progress_quiet ON progress (updated_at) WHERE status = 'running' AND contact_lost = 0;

-- The log. `place` is run_no * 2^36 + seq.
CREATE TABLE events (
    place BIGINT PRIMARY KEY,
    run_no BIGINT NOT NULL,
    id BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    episode TEXT COLLATE "C",
    step BIGINT,
    root DOUBLE PRECISION,
    failure TEXT COLLATE "C",
    origin BIGINT,
    body TEXT COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX events_by_id ON events (run_no, id);
CREATE INDEX events_of_origin ON events (run_no, step) WHERE origin = 1;
-- Statements compare `coalesce(episode, '')`: PostgreSQL uses no index where both may be NULL and equal.
CREATE INDEX events_by_node ON events (run_no, step, coalesce(episode, '')) WHERE step IS NOT NULL;
CREATE INDEX events_failing ON events (run_no, step) WHERE failure IS NOT NULL;
CREATE INDEX events_rare ON events (place, kind) WHERE kind NOT IN ('snapshot.scored', 'step.recorded');
CREATE INDEX events_starting ON events (id) WHERE kind = 'episode.started';
CREATE INDEX events_of_episode ON events (run_no, episode, place)
    WHERE episode IS NOT NULL AND kind <> 'snapshot.scored';

CREATE TABLE commands (
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    command_id TEXT COLLATE "C" NOT NULL,
    issued_at BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    applied_seq BIGINT,
    PRIMARY KEY (run_no, command_id)
);

CREATE INDEX commands_pending ON commands (run_no, seq) WHERE applied_seq IS NULL;

CREATE TABLE chunks (
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    level BIGINT NOT NULL,
    chunk BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (run_no, level, chunk)
);

-- Chunks are compressed already.
ALTER TABLE chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE pending_deletes (
    run_no BIGINT PRIMARY KEY
);

CREATE TABLE heartbeat (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    beats BIGINT NOT NULL
);

INSERT INTO heartbeat (id, beats) VALUES (1, 0);

CREATE TABLE writers (
    -- In the order in which writers came: SQLite has such a number by itself.
    rowid BIGINT GENERATED ALWAYS AS IDENTITY,
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    writer TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    heard_at BIGINT NOT NULL,
    interval BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    status TEXT COLLATE "C",
    exit_code BIGINT,
    summary TEXT COLLATE "C",
    settled BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (run_no, writer)
);

CREATE INDEX writers_due ON writers (deadline) WHERE state = 'running';

CREATE TABLE tombstones (
    id TEXT COLLATE "C" PRIMARY KEY,
    deleted_at BIGINT NOT NULL,
    last_step BIGINT
);

CREATE TABLE episodes (
    run_no BIGINT NOT NULL,
    episode TEXT COLLATE "C" NOT NULL,
    last_step BIGINT,
    has_failed BIGINT NOT NULL,
    PRIMARY KEY (run_no, episode)
);

CREATE TABLE effects (
    project TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TABLE monitors (
    project TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    rule TEXT COLLATE "C" NOT NULL,
    severity TEXT COLLATE "C" NOT NULL,
    cooldown BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);

CREATE TABLE monitor_states (
    run_no BIGINT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    next BIGINT NOT NULL,
    last_id BYTEA,
    states TEXT COLLATE "C" NOT NULL
);

-- The index of texts, which in SQLite is a file of its own. It follows from the log, and may be emptied at any time.
CREATE TABLE texts (
    place BIGINT PRIMARY KEY,
    words TSVECTOR NOT NULL
);

CREATE INDEX texts_words ON texts USING gin (words);

-- How far each run is indexed: written with what it says is indexed.
CREATE TABLE cursors (
    run_no BIGINT PRIMARY KEY,
    -- Events indexed; the sequence number of the next one.
    next BIGINT NOT NULL,
    -- The id of the last event indexed: tells whether this is the index of this log.
    last_id BYTEA NOT NULL,
    -- The run's count of edits when its names and notes were indexed.
    edits BIGINT NOT NULL
);
