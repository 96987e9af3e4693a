-- A snapshot of an origin client that is posted again with other content is an event of its own, which replaces what is
-- shown of its step. Only the same content is stored once.
DROP INDEX events_of_origin;
CREATE INDEX events_of_origin ON events (run_no, step) WHERE origin = 1;
