-- What lists of runs are sorted and filtered by, beyond `runs` and `progress`. All of it is derived.

-- The configuration of each run by dotted keys. Truth values and lists are their JSON; null has no row.
-- By key first: a list reads one key of many runs.
CREATE TABLE run_config (
    key TEXT NOT NULL,
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    value ANY NOT NULL,
    PRIMARY KEY (key, run_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_config_of_run ON run_config (run_no);

INSERT OR IGNORE INTO run_config (run_no, key, value)
    WITH RECURSIVE entries (run_no, key, value, type) AS (
        SELECT r.run_no, j.key, j.value, j.type FROM runs r, json_each(r.config) j
        UNION ALL
        SELECT e.run_no, e.key || '.' || j.key, j.value, j.type FROM entries e, json_each(e.value) j
            WHERE e.type = 'object'
    )
    SELECT run_no, key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE value END
    FROM entries WHERE type NOT IN ('object', 'null');

-- What the values of each rubric and measurement of a run came to, when it had `run_projections.head` events.
CREATE TABLE run_values (
    path TEXT NOT NULL,
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    last REAL NOT NULL,
    mean REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    PRIMARY KEY (path, run_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_values_of_run ON run_values (run_no);

CREATE TABLE run_projections (
    run_no INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    head INTEGER NOT NULL,
    -- The root score over the steps: at most 60 means, as 64-bit floats, little-endian.
    sparkline BLOB NOT NULL
) STRICT;
