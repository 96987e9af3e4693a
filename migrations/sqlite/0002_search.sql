-- What the search index and rare kinds of events need of the log.

-- Counts changes of what people wrote about a run (name, tags, notes): those are no events, so whoever follows the
-- log would not see them.
ALTER TABLE runs ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;

-- Events of a run that are neither scores nor recorded steps, in their order: notes among a million steps are found
-- without reading the steps. The two common kinds cost an append nothing but the comparison.
CREATE INDEX events_rare ON events (place, kind) WHERE kind NOT IN ('snapshot.scored', 'step.recorded');
