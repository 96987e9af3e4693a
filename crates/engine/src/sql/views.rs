//! The views that SQL reads: a stable interface. Columns may be added; none is renamed, removed or given
//! another meaning. `docs/sql.md` lists them, which a test compares.

use gauntlet_store::{ValueKind, View, ViewColumn};

use ValueKind::{Integer, Real, Text};

const fn column(name: &'static str, kind: ValueKind, about: &'static str) -> ViewColumn {
    ViewColumn { name, kind, about }
}

const RUN: ViewColumn = column("run", Text, "the run's id");
const EPISODE: ViewColumn = column("episode", Text, "the episode; null outside of episodes");
const STEP: ViewColumn = column("step", Integer, "the step");

/// The runs.
pub static RUNS: View = View {
    name: "runs",
    about: "One row for each run.",
    columns: &[
        RUN,
        column("name", Text, "its name"),
        column("project", Text, "its project"),
        column("kind", Text, "what sort of run it is, such as `training`"),
        column("agent", Text, "the agent, where it is named"),
        column("task", Text, "the task, where it is named"),
        column("tags", Text, "its tags, as a JSON list"),
        column("notes", Text, "what people wrote about it"),
        column("config", Text, "its configuration, as a JSON object"),
        column("status", Text, "pending, running, paused, completed, failed, cancelled or timed_out"),
        column("lost", Integer, "1 where it has not ended and nobody was heard of in time, else 0"),
        column("created_at", Text, "when it was created"),
        column("updated_at", Text, "when its last event came"),
        column("events", Integer, "events in its log"),
        column("steps", Integer, "scored steps; a step of several episodes counts once for each"),
        column("episodes", Integer, "episodes begun"),
        column("failing", Integer, "scored steps that fail"),
        column("mean_root", Real, "mean root score"),
        column("last_root", Real, "root score of the last snapshot"),
        column("last_step", Integer, "the greatest step, without those within episodes"),
        column("alerts", Integer, "its alerts"),
    ],
};

/// The episodes.
pub static EPISODES: View = View {
    name: "episodes",
    about: "One row for each episode.",
    columns: &[
        RUN,
        column("episode", Text, "its id"),
        column("task", Text, "what was attempted"),
        column("status", Text, "how it ended, or running; null where no event began or ended it"),
        column("started_at", Text, "when it began"),
        column("finished_at", Text, "when it ended"),
        column("return", Real, "its return"),
        column("latency_ms", Real, "how long it took, milliseconds"),
        column("cost", Real, "what it cost, in the producer's unit"),
        column("error", Text, "why it failed"),
        column("steps", Integer, "its scored steps"),
        column("failing", Integer, "its scored steps that fail"),
        column("mean_root", Real, "mean root score of its steps"),
    ],
};

/// The scored steps.
pub static STEPS: View = View {
    name: "steps",
    about: "One row for each scored step of an episode.",
    columns: &[
        RUN,
        EPISODE,
        STEP,
        column("seq", Integer, "where its snapshot is in the log"),
        column("at", Text, "when it was scored"),
        column("root", Real, "its root score; null where the complete rubric was not evaluated"),
        column("failure", Text, "the most severe failure; null where it passed"),
        column("duration_ms", Real, "how long its evaluation took, milliseconds"),
    ],
};

/// The scores.
pub static SCORES: View = View {
    name: "scores",
    about: "One row for each score of a step. Later scores are applied.",
    columns: &[
        RUN,
        EPISODE,
        STEP,
        column("path", Text, "the rubric, such as `safety.grounding`; `root` is the judgement as a whole"),
        column("value", Real, "the score"),
        column("failure", Text, "the failure that this score is; null where no rule fails it"),
    ],
};

/// The measurements.
pub static METRICS: View = View {
    name: "metrics",
    about: "One row for each measurement of a step.",
    columns: &[
        RUN,
        column("episode", Text, "the episode; null where the measurement is the step's"),
        STEP,
        column("path", Text, "what was measured, such as `metrics.loss`"),
        column("value", Real, "the measurement, in the producer's unit"),
    ],
};

/// The failing steps.
pub static FAILURES: View = View {
    name: "failures",
    about: "One row for each failing step of an episode.",
    columns: &[
        RUN,
        EPISODE,
        STEP,
        column("failure", Text, "hallucination, format, refusal, inconsistency or generic: the most severe"),
        column("path", Text, "the first rubric whose score makes it fail; null where none does"),
        column("value", Real, "the score of that rubric"),
        column("root", Real, "the step's root score"),
        column("at", Text, "when it was scored"),
    ],
};

/// The alerts.
pub static ALERTS: View = View {
    name: "alerts",
    about: "One row for each alert.",
    columns: &[
        RUN,
        column("seq", Integer, "where it is in the log"),
        column("at", Text, "when it was raised"),
        column("step", Integer, "the step it is of; null where it is the run's"),
        column("severity", Text, "info, warning or error"),
        column("text", Text, "what it says"),
        column("monitor", Text, "the monitor that raised it; null where the program did"),
    ],
};

/// Every view, in the order of the documentation.
pub static VIEWS: [&View; 7] = [&RUNS, &EPISODES, &STEPS, &SCORES, &METRICS, &FAILURES, &ALERTS];
