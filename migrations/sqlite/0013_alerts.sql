-- The alerts of a run, counted and listed, and the calls of webhooks that report those of monitors.

ALTER TABLE progress ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;
-- The gravest of them.
ALTER TABLE progress ADD COLUMN alert_severity TEXT;

CREATE INDEX events_alerts ON events (run_no, received_at) WHERE kind = 'alert.raised';

UPDATE progress SET (alerts, alert_severity) = (
    SELECT count(*), CASE max(CASE body ->> 'severity' WHEN 'error' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END)
        WHEN 2 THEN 'error' WHEN 1 THEN 'warning' WHEN 0 THEN 'info' END
    FROM events WHERE events.run_no = progress.run_no AND kind = 'alert.raised' AND json_valid(body))
WHERE run_no IN (SELECT run_no FROM events WHERE kind = 'alert.raised');

-- The address that is called; NULL where there is none.
ALTER TABLE monitors ADD COLUMN webhook TEXT;

CREATE TABLE webhook_calls (
    call_no INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    monitor TEXT NOT NULL,
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    url TEXT NOT NULL,
    -- What is posted; JSON.
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When to try next; NULL once it was given up. Microseconds, as all times.
    due_at INTEGER,
    tried_at INTEGER NOT NULL,
    -- Why the last attempt failed.
    error TEXT,
    FOREIGN KEY (project, monitor) REFERENCES monitors (project, name) ON DELETE CASCADE
) STRICT;

CREATE INDEX webhook_calls_due ON webhook_calls (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_calls_of_monitor ON webhook_calls (project, monitor);
CREATE INDEX webhook_calls_of_run ON webhook_calls (run_no);
