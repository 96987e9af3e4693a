-- The alerts of a run, counted and listed, and the calls of webhooks that report those of monitors.

ALTER TABLE progress ADD COLUMN alerts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE progress ADD COLUMN alert_severity TEXT COLLATE "C";

CREATE INDEX events_alerts ON events (run_no, received_at) WHERE kind = 'alert.raised';

ALTER TABLE monitors ADD COLUMN webhook TEXT COLLATE "C";

CREATE TABLE webhook_calls (
    call_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project TEXT COLLATE "C" NOT NULL,
    monitor TEXT COLLATE "C" NOT NULL,
    run_no BIGINT NOT NULL REFERENCES runs ON DELETE CASCADE,
    url TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT,
    tried_at BIGINT NOT NULL,
    error TEXT COLLATE "C",
    FOREIGN KEY (project, monitor) REFERENCES monitors (project, name) ON DELETE CASCADE
);

CREATE INDEX webhook_calls_due ON webhook_calls (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_calls_of_monitor ON webhook_calls (project, monitor);
CREATE INDEX webhook_calls_of_run ON webhook_calls (run_no);
