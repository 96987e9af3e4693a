-- How far the chunks of each run are sealed in the background. Derived from the log, as the chunks are.

CREATE TABLE seals (
    run_no INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    -- Events from the first on that chunks of level 0 cover, and those that the coarser levels were sealed for.
    facts INTEGER NOT NULL DEFAULT 0,
    overview INTEGER NOT NULL DEFAULT 0,
    -- What the manifest needs of the events that `facts` counts; the store does not read it.
    outline BLOB
) STRICT;
