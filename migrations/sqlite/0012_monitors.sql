-- Monitors: rules over the values of each run of a project, and how far each run was watched.

CREATE TABLE monitors (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    -- Least seconds between two alerts in one run.
    cooldown INTEGER NOT NULL,
    -- When it was saved; what was received before raises nothing. Microseconds.
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) STRICT;

-- The state of a run's monitors behind the events that they have seen.
CREATE TABLE monitor_states (
    run_no INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    -- The sequence number of the next event, and the id of the one before it.
    next INTEGER NOT NULL,
    last_id BLOB,
    -- By name and the time it was saved; JSON.
    states TEXT NOT NULL
) STRICT;
