-- Which run a trace began in, whatever the run is called: parts of a trace that name no run follow the first.
CREATE INDEX events_starting ON events (id) WHERE kind = 'episode.started';
