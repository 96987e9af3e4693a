-- Which steps of a run fail: what was asked for, and what its scores have shown of the rule that fits.

-- As JSON: "dipg" or {"root_below": 0.5}; NULL is auto.
ALTER TABLE runs ADD COLUMN rules TEXT;
-- The hub's clients are those of the medical environment.
UPDATE runs SET rules = '"dipg"'
    WHERE EXISTS (SELECT 1 FROM events AS e WHERE e.run_no = runs.run_no AND e.origin = 1);
-- Bits: 1 to 8 each of the medical rubrics, 16 a root outside 0 to 1. NULL: to be read from the log.
ALTER TABLE progress ADD COLUMN evidence INTEGER;

-- `events.failure` may also be `root`: only the rule in force says so, by the root score.

-- Every run is judged anew, and what was sealed by the old rules is dropped.
UPDATE progress SET root_sum = NULL;
DELETE FROM chunks WHERE level > 0;
