-- What lists of runs are sorted and filtered by, beyond `runs` and `progress`. All of it is derived.

-- The configuration of each run by dotted keys. PostgreSQL has no column for values of several types: a number is `n`
-- and 16 hexadecimal digits that are ordered as numbers are, a text is `t` and the text. So numbers are below texts,
-- as in SQLite.
CREATE TABLE run_config (
    key TEXT COLLATE "C" NOT NULL,
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, run_no)
);

CREATE INDEX run_config_of_run ON run_config (run_no);

CREATE TABLE run_values (
    path TEXT COLLATE "C" NOT NULL,
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    last DOUBLE PRECISION NOT NULL,
    mean DOUBLE PRECISION NOT NULL,
    low DOUBLE PRECISION NOT NULL,
    high DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (path, run_no)
);

CREATE INDEX run_values_of_run ON run_values (run_no);

CREATE TABLE run_projections (
    run_no BIGINT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    head BIGINT NOT NULL,
    sparkline BYTEA NOT NULL
);
