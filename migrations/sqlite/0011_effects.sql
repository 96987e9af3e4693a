-- The effects of the view that people changed, by project. Without a row a project has the defaults.
CREATE TABLE effects (
    project TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
