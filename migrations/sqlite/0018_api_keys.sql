-- API keys. The secret is not stored: `digest` is its SHA-256 in hexadecimal digits. `projects` is a JSON
-- array of the projects that the key is good for; NULL stands for all. Times are microseconds since 1970.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    projects TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT;
