-- The episodes of each run: each is counted once, by whichever event names it first.

CREATE TABLE episodes (
    run_no INTEGER NOT NULL,
    episode TEXT NOT NULL,
    -- The greatest step of its snapshots; NULL where none of its steps was scored.
    last_step INTEGER,
    -- 1 where its last `episode.finished` has the status failed or timed_out: then the node of `last_step` fails.
    has_failed INTEGER NOT NULL,
    PRIMARY KEY (run_no, episode)
) STRICT, WITHOUT ROWID;

INSERT INTO episodes (run_no, episode, last_step, has_failed)
    SELECT run_no, episode, max(CASE WHEN kind = 'snapshot.scored' THEN step END), 0
    FROM events WHERE episode IS NOT NULL AND run_no IN (SELECT run_no FROM runs) GROUP BY run_no, episode;

-- Where `max` is asked for, SQLite takes the other columns from the row that has it. The condition of the index is
-- repeated: else SQLite may not use it. A body that is damaged is a `gap` for every reader and ends no episode.
UPDATE episodes SET has_failed = 1 FROM (
    SELECT run_no, episode, max(place), CASE WHEN json_valid(body) THEN body ->> 'status' END AS status
    FROM events WHERE kind = 'episode.finished' AND kind NOT IN ('snapshot.scored', 'step.recorded')
    GROUP BY run_no, episode
) AS ends
WHERE ends.run_no = episodes.run_no AND ends.episode = episodes.episode AND ends.status IN ('failed', 'timed_out');

UPDATE progress SET episodes = (SELECT count(*) FROM episodes AS e WHERE e.run_no = progress.run_no);

-- Runs with a failed episode are judged anew, and what was sealed without the ends of episodes is dropped.
UPDATE progress SET root_sum = NULL
    WHERE run_no IN (SELECT run_no FROM episodes WHERE has_failed = 1 AND last_step IS NOT NULL);
DELETE FROM chunks WHERE level > 0;
