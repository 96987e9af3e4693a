-- Named lists of runs: what the address of a list says. An empty project stands for the list of all runs.
CREATE TABLE list_views (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) STRICT;
