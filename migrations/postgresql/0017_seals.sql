-- How far the chunks of each run are sealed in the background. Derived from the log, as the chunks are.

CREATE TABLE seals (
    run_no BIGINT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    facts BIGINT NOT NULL DEFAULT 0,
    overview BIGINT NOT NULL DEFAULT 0,
    outline BYTEA
);
