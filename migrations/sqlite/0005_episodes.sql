-- What happened in one episode, in order, without reading the run. Scored snapshots are left out: a training run has
-- little else, each in an episode of its own, and finds them by their step.
CREATE INDEX events_of_episode ON events (run_no, episode, place)
    WHERE episode IS NOT NULL AND kind <> 'snapshot.scored';
