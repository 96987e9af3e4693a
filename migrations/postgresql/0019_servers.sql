-- The servers of this database, and which of them does what.

-- `commits` grows in each transaction that other servers have to hear of; `seen_at` is by the clock of the database,
-- and `artifacts` the id of the folder that holds them.
CREATE TABLE servers (
    server TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    commits BIGINT NOT NULL DEFAULT 0,
    seen_at BIGINT NOT NULL,
    artifacts TEXT COLLATE "C"
-- Each commit changes the row of its server.
) WITH (fillfactor = 50);

-- Work that one server does at a time. A lease that its holder does not renew expires.
CREATE TABLE leases (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
) WITH (fillfactor = 50);
