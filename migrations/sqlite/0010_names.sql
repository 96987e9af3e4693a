-- Names that say what is in them.
ALTER TABLE doomed RENAME TO pending_deletes;
ALTER TABLE progress RENAME COLUMN rooted TO scored_count;
