//! The tools: what they are called, what they take, which question of the API each one is.

use std::sync::Arc;

use gauntlet_api::{
    Bounded, CommandRequest, CompareQuery, EpisodeListQuery, EventQuery, Limit, RunListQuery, SearchQuery,
    SeriesRequest, SqlRequest, StepListQuery, StepQuery, TaskQuery,
};
use gauntlet_engine::sql::views;
use gauntlet_model::{Action, EpisodeId, Object, RunId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::cut;
use super::server::{Server, of_run};
use super::{Answered, Entry};

/// Longest text of a list, characters.
const LIST_TEXT: usize = 300;

/// Longest text that is read in full, characters: 2,000 unless more is asked for.
type TextLimit = Bounded<1, 2000, 50_000>;

/// The tools; those that change something only where they are allowed.
pub(super) fn all(allow_commands: bool) -> Arc<[Entry]> {
    let mut tools = vec![
        Entry::reading("list_runs", "The runs, newest first: ids, names, status, mean scores.", list_runs),
        Entry::reading(
            "run_summary",
            "One run: its configuration, and mean, last, lowest and highest value of every rubric and \
             measurement, with the share that fails.",
            run_summary,
        ),
        Entry::reading("failing_steps", "The failing steps of a run, in the order of steps.", failing_steps),
        Entry::reading("worst_steps", "The steps of a run with the lowest scores.", worst_steps),
        Entry::reading(
            "read_step",
            "Everything about one step: scores, action, observation, metadata, later scores, tool calls.",
            read_step,
        ),
        Entry::reading(
            "list_episodes",
            "The episodes (rollouts) of a run and how they ended.",
            list_episodes,
        ),
        Entry::reading("read_episode", "The events of one episode, in order.", read_episode),
        Entry::reading(
            "compare_runs",
            "Several runs side by side: every rubric and measurement, where the configurations differ, what \
             failed.",
            compare_runs,
        ),
        Entry::reading(
            "compare_tasks",
            "Two runs task by task: which tasks only `a` solves, and which only `b` does.",
            |server, query: TaskQuery| shortened(server.get("compare/tasks", &query)?, LIST_TEXT),
        ),
        Entry::reading("search", "Searches every text of every event.", |server, query: SearchQuery| {
            shortened(server.get("search", &query)?, LIST_TEXT)
        }),
        Entry::reading("series", "Rubrics and measurements over the steps of runs, thinned.", series),
        Entry::reading("sql", about_sql(), sql),
    ];
    if allow_commands {
        let about = "Pauses, resumes, stops or tweaks the training of a run, or answers its question.";
        tools.push(Entry::changing("command", about, command));
    }
    tools.into()
}

fn shortened(mut answer: Value, most: usize) -> Answered {
    cut(&mut answer, most);
    Ok(answer)
}

fn list_runs(server: &Server, query: RunListQuery) -> Answered {
    let mut page = server.get("runs", &query)?;
    for run in page.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        // A page of these may be of any size; `run_summary` has them.
        for field in ["config", "metadata", "rules", "failure_rule"] {
            run.as_object_mut().and_then(|run| run.remove(field));
        }
    }
    shortened(page, LIST_TEXT)
}

/// One run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneRun {
    /// The run's id.
    run: RunId,
}

fn run_summary(server: &Server, asked: OneRun) -> Answered {
    let mut compared = compared(server, &[asked.run], None)?;
    let mut first = |list: &str| compared.pointer_mut(&format!("/{list}/0")).map(Value::take);
    let (run, failures) = (first("runs"), first("failures"));
    for path in compared["paths"].as_array_mut().into_iter().flatten() {
        if let Some(summary) = path.pointer_mut("/runs/0").map(Value::take) {
            let is_measurement = &path["is_measurement"];
            *path = json!({ "path": path["path"], "is_measurement": is_measurement, "values": summary });
        }
    }
    shortened(json!({ "run": run, "paths": compared["paths"], "failures": failures }), LIST_TEXT)
}

/// Several runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeveralRuns {
    /// The ids of 1 to 200 runs.
    runs: Vec<RunId>,
    /// The run that differences are taken to; the first one where none is named.
    #[serde(default)]
    baseline: Option<RunId>,
}

fn compare_runs(server: &Server, asked: SeveralRuns) -> Answered {
    let mut compared = compared(server, &asked.runs, asked.baseline)?;
    for run in compared["runs"].as_array_mut().into_iter().flatten() {
        *run =
            json!({ "id": run["id"], "name": run["name"], "status": run["status"], "steps": run["steps"] });
    }
    shortened(compared, LIST_TEXT)
}

fn compared(server: &Server, runs: &[RunId], baseline: Option<RunId>) -> Answered {
    // A comma ends an id of the list.
    let ids = runs.iter().map(|run| run.as_str().replace('%', "%25").replace(',', "%2C"));
    let runs = ids.collect::<Vec<_>>().join(",");
    server.get("compare", &CompareQuery { runs, baseline: baseline.map(|run| run.to_string()) })
}

/// Failing steps of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FailingSteps {
    /// The run's id.
    run: RunId,
    /// `any`, a kind of failure (hallucination, format, refusal, inconsistency, generic), or the path of the
    /// rubric that fails.
    #[serde(default)]
    failing: Option<String>,
    /// Only steps after this one.
    #[serde(default)]
    after: Option<u64>,
    /// Most steps.
    #[serde(default)]
    limit: Limit<50, 1000>,
}

fn failing_steps(server: &Server, asked: FailingSteps) -> Answered {
    let query = StepListQuery {
        limit: Limit::new(asked.limit.get("limit").map_err(refused)?),
        after: asked.after,
        failing: Some(asked.failing.unwrap_or_else(|| "any".to_owned())),
        ..StepListQuery::default()
    };
    server.get(&of_run(asked.run.as_str(), "/steps"), &query)
}

/// The lowest scores of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WorstSteps {
    /// The run's id.
    run: RunId,
    /// The rubric; `root`, the judgement of the complete rubric, where it is absent.
    #[serde(default)]
    path: Option<String>,
    /// Most steps.
    #[serde(default)]
    limit: Limit<20, 200>,
}

fn worst_steps(server: &Server, asked: WorstSteps) -> Answered {
    let path = asked.path.as_deref().unwrap_or("root").replace('\'', "''");
    let limit = asked.limit.get("limit").map_err(refused)?;
    let statement = format!(
        "select step, episode, value, failure from scores where path = '{path}' \
         order by value, step limit {limit}"
    );
    server.post("sql", &SqlRequest { runs: vec![asked.run], ..SqlRequest::new(statement) })
}

/// A step of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneStep {
    /// The run's id.
    run: RunId,
    /// The step.
    step: u64,
    /// Only this episode's; every episode's where it is absent.
    #[serde(default)]
    episode: Option<EpisodeId>,
    /// `next_cursor` of the part before.
    #[serde(default)]
    cursor: Option<String>,
    /// Most events.
    #[serde(default)]
    limit: Limit<100, 1000>,
    /// Longest text that is answered, characters; longer ones are cut.
    #[serde(default)]
    text: TextLimit,
}

fn read_step(server: &Server, asked: OneStep) -> Answered {
    let most = asked.text.get("text").map_err(refused)?;
    let path = of_run(asked.run.as_str(), &format!("/steps/{}", asked.step));
    let limit = Limit::new(asked.limit.get("limit").map_err(refused)?);
    let query = StepQuery { cursor: asked.cursor, limit, episode: asked.episode.into() };
    shortened(server.get(&path, &query)?, most as usize)
}

/// Episodes of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Episodes {
    /// The run's id.
    run: RunId,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Most episodes.
    #[serde(default)]
    limit: Limit<50, 1000>,
}

fn list_episodes(server: &Server, asked: Episodes) -> Answered {
    let limit = Limit::new(asked.limit.get("limit").map_err(refused)?);
    let query = EpisodeListQuery { cursor: asked.cursor, limit };
    shortened(server.get(&of_run(asked.run.as_str(), "/episodes"), &query)?, LIST_TEXT)
}

/// An episode of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneEpisode {
    /// The run's id.
    run: RunId,
    /// The episode's id.
    episode: EpisodeId,
    /// `next_after` of the answer before.
    #[serde(default)]
    after: Option<u64>,
    /// Most events.
    #[serde(default)]
    limit: Limit<100, 1000>,
    /// Longest text that is answered, characters; longer ones are cut.
    #[serde(default)]
    text: TextLimit,
}

fn read_episode(server: &Server, asked: OneEpisode) -> Answered {
    let most = asked.text.get("text").map_err(refused)?;
    let query = EventQuery {
        after: asked.after,
        limit: Limit::new(asked.limit.get("limit").map_err(refused)?),
        episode: Some(asked.episode).into(),
        ..EventQuery::default()
    };
    shortened(server.get(&of_run(asked.run.as_str(), "/events"), &query)?, most as usize)
}

/// Histories of runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Series {
    /// The ids of 1 to 200 runs.
    runs: Vec<RunId>,
    /// Rubrics and measurements, such as `root` and `metrics.loss`; without any the answer says which there
    /// are.
    #[serde(default)]
    paths: Vec<String>,
    /// First step.
    #[serde(default)]
    from: Option<u64>,
    /// Last step.
    #[serde(default)]
    to: Option<u64>,
    /// Most points of each history; every minimum and maximum stays.
    #[serde(default)]
    points: Bounded<4, 50, 1000>,
}

fn series(server: &Server, asked: Series) -> Answered {
    let request = SeriesRequest {
        runs: asked.runs,
        paths: asked.paths,
        from: asked.from,
        to: asked.to,
        points: Bounded::new(asked.points.get("points").map_err(refused)?),
        ..SeriesRequest::default()
    };
    server.post("series", &request)
}

/// A statement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Statement {
    /// One SELECT, at most 10,000 bytes.
    sql: String,
    /// The runs whose rows the views have; all runs where it is absent or empty.
    #[serde(default)]
    runs: Vec<RunId>,
    /// Most rows.
    #[serde(default)]
    limit: Bounded<1, 100, 1000>,
    /// How long it may take, seconds.
    #[serde(default)]
    seconds: Bounded<1, 10, 60>,
}

fn sql(server: &Server, asked: Statement) -> Answered {
    let request = SqlRequest {
        runs: asked.runs,
        limit: Bounded::new(asked.limit.get("limit").map_err(refused)?),
        seconds: asked.seconds,
        ..SqlRequest::new(asked.sql)
    };
    server.post("sql", &request)
}

fn about_sql() -> String {
    let views = views::VIEWS.map(|view| {
        let columns: Vec<_> = view.columns.iter().map(|column| column.name).collect();
        format!("{}({})", view.name, columns.join(", "))
    });
    format!(
        "One SELECT in SQLite's dialect, read only, over these views: {}. Quote \"return\". Name the runs in \
         `runs` where only theirs matter.",
        views.join("; ")
    )
}

/// A command to the training of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Command {
    /// The run's id.
    run: RunId,
    /// What to do.
    action: Action,
    /// For `tweak`: the parameters and their new values. For `answer`: `answer`.
    #[serde(default)]
    parameters: Object,
}

fn command(server: &Server, asked: Command) -> Answered {
    let author = Some("mcp".to_owned());
    let request = CommandRequest { id: None, action: asked.action, parameters: asked.parameters, author };
    server.post(&of_run(asked.run.as_str(), "/commands"), &request)
}

fn refused(error: gauntlet_model::FieldError) -> super::super::CliError {
    super::super::reader::failed(error)
}
