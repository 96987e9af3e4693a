-- A step of an episode that is scored again, or later, counts once in its run, as it stands.

-- The exact sum `mean_root` is rounded from: 64-bit floats, little-endian. NULL: the run is counted anew from its log.
ALTER TABLE progress ADD COLUMN root_sum BLOB;
-- Where the snapshot of `last_root` lies.
ALTER TABLE progress ADD COLUMN last_root_place INTEGER;
-- The greatest step number of a snapshot or of a later score.
ALTER TABLE progress ADD COLUMN top_step INTEGER;

-- `events.root` and `events.failure` are a projection too: those of the step as it stands, later scores laid over, in
-- its last snapshot; NULL in the snapshots before it.

-- The events of a step of an episode are found without reading those of a thousand others of that step.
DROP INDEX events_by_step;
CREATE INDEX events_by_node ON events (run_no, step, episode) WHERE step IS NOT NULL;
