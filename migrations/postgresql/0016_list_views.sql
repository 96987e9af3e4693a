-- Named lists of runs: what the address of a list says. An empty project stands for the list of all runs.
CREATE TABLE list_views (
    project TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    query TEXT COLLATE "C" NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);
