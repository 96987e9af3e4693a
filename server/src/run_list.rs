//! The list of runs as the pages show it: columns with titles, and texts in them.

use gauntlet_api::Page;
use gauntlet_app::api::{ListColumn, ListGroup, ListRow, RunList, RunsQuery, ViewChange};
use gauntlet_app::cells;
use gauntlet_engine::clock::now;
use gauntlet_model::{FieldError, ListView};
use gauntlet_store::{
    ColumnKind, Comparison, Condition, Conditions, Operand, Order, RunColumn, RunField, RunGroup, RunQuery,
    Statistic,
};
use serde_json::Value;

use crate::api::runs;
use crate::error::ApiError;
use crate::state::AppState;

/// Runs in the HTML of a page.
const FIRST_PAGE: u32 = 50;
/// Runs that a page reads at a time when it is scrolled on.
const NEXT_PAGE: u32 = 250;
/// Most runs that an address can pin, and most that it can hide.
const MAX_MARKED: usize = 100;
/// Most groups of a list.
const MAX_GROUPS: usize = 1_000;
/// Most keys of configurations, and most paths, that are offered as columns.
const MAX_COLUMNS: u32 = 200;

/// A page of runs; pinned ones are in front of the first page, whatever is filtered.
pub(crate) async fn read(state: &AppState, query: RunsQuery) -> Result<RunList, ApiError> {
    let set = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let refused = |e: FieldError| ApiError::malformed(&e);
    let columns = match set(query.columns) {
        Some(text) => runs::columns(&text).map_err(refused)?,
        // Runs of one project need not say which.
        None => cells::DEFAULT
            .iter()
            .filter(|name| query.project.is_empty() || **name != "project")
            .filter_map(|name| name.parse().ok())
            .collect(),
    };
    let columns: Vec<RunColumn> =
        columns.into_iter().filter(|column| *column != RunField::Name.into()).collect();
    let (pinned, hidden) = (marked("pin", &query.pin)?, marked("hide", &query.hide)?);
    let mut filter = query.filter.parse::<Conditions>().map_err(refused)?;
    filter.0.extend(pinned.iter().chain(&hidden).map(|id| of_id(Comparison::NotEqual, id)));
    let is_first = query.cursor.is_empty();
    let query = RunQuery {
        q: set(query.q),
        cursor: set(query.cursor),
        project: set(query.project),
        tag: set(query.tag),
        status: set(query.status).map(|word| word.parse()).transpose().map_err(refused)?,
        filter,
        group: set(query.group).map(|word| group(&word)).transpose().map_err(refused)?,
        order: set(query.sort)
            .map(|word| word.parse::<Order>())
            .transpose()
            .map_err(refused)?
            .unwrap_or_default(),
        limit: if is_first { FIRST_PAGE } else { NEXT_PAGE },
        columns: columns.clone(),
    };
    let total = state.store.count_runs(&query).await?;
    let groups = if is_first { groups(state, &query).await? } else { Vec::new() };
    let found = state.store.runs(query).await?;
    let mut items = Vec::new();
    for id in pinned.iter().filter(|_| is_first) {
        let filter = Conditions(vec![of_id(Comparison::Equal, id)]);
        let one = RunQuery { filter, limit: 1, columns: columns.clone(), ..RunQuery::default() };
        let one = state.store.runs(one).await?;
        items.extend(rows(state, one, &columns, true).await?);
    }
    let total = total + items.len() as u64;
    let mut heads: Vec<ListColumn> = columns.iter().map(titled).collect();
    for (index, head) in heads.iter_mut().enumerate() {
        head.is_right |= are_numbers(found.cells.iter().filter_map(|cells| cells.get(index)));
    }
    let next_cursor = found.next_cursor.clone();
    items.extend(rows(state, found, &columns, false).await?);
    Ok(RunList { page: Page { items, next_cursor }, columns: heads, total, groups })
}

/// The column that brings runs together.
fn group(word: &str) -> Result<RunColumn, FieldError> {
    word.parse().map_err(|error: FieldError| FieldError::new("group", error.message))
}

/// The groups of a list.
async fn groups(state: &AppState, query: &RunQuery) -> Result<Vec<ListGroup>, ApiError> {
    let Some(column) = query.group.as_ref().map(RunColumn::to_string) else { return Ok(Vec::new()) };
    let names: Vec<String> = query.columns.iter().map(RunColumn::to_string).collect();
    let listed = |group: RunGroup| ListGroup {
        title: cells::group_title(&column, &group.value),
        key: group.key,
        runs: group.runs,
        means: names.iter().zip(group.means).map(|(name, mean)| cells::mean_text(name, mean)).collect(),
    };
    Ok(state.store.run_groups(query, MAX_GROUPS).await?.into_iter().map(listed).collect())
}

/// Whether all values that are there are numbers.
fn are_numbers<'a>(values: impl Iterator<Item = &'a Value>) -> bool {
    let mut values = values.filter(|value| !value.is_null()).peekable();
    values.peek().is_some() && values.all(Value::is_number)
}

/// The ids in a list with commas between them; a comma and a percent sign of an id are percent-encoded.
fn marked(field: &str, text: &str) -> Result<Vec<String>, ApiError> {
    let ids: Vec<String> = text
        .split(',')
        .filter(|id| !id.is_empty())
        .map(|id| id.replace("%2C", ",").replace("%2c", ",").replace("%25", "%"))
        .collect();
    match ids.len() {
        count if count > MAX_MARKED => {
            let message = format!("has {count} runs; at most {MAX_MARKED} can be named");
            Err(ApiError::malformed(&FieldError::new(field, message)))
        }
        _ => Ok(ids),
    }
}

fn of_id(comparison: Comparison, id: &str) -> Condition {
    Condition { column: RunField::Id.into(), comparison, operand: Operand::Text(id.to_owned()) }
}

/// Runs as rows.
async fn rows(
    state: &AppState,
    page: gauntlet_store::Page,
    columns: &[RunColumn],
    is_pinned: bool,
) -> Result<Vec<ListRow>, ApiError> {
    let ids: Vec<_> = page.items.iter().map(|run| run.id.clone()).collect();
    let sparklines = state.store.sparklines(&ids).await?;
    let names: Vec<String> = columns.iter().map(RunColumn::to_string).collect();
    let mut groups = page.groups.into_iter();
    let row = |((run, values), sparkline): ((_, Vec<Value>), Vec<f64>)| ListRow {
        run,
        is_pinned,
        group: groups.next().unwrap_or_default(),
        cells: names.iter().zip(&values).map(|(name, value)| cells::text(name, value)).collect(),
        sparkline: cells::sparkline(&sparkline),
    };
    Ok(page.items.into_iter().zip(page.cells).zip(sparklines).map(row).collect())
}

/// The named lists of a project; those of all runs where it is empty.
pub(crate) async fn views(state: &AppState, project: &str) -> Result<Vec<ListView>, ApiError> {
    Ok(state.store.list_views(project).await?)
}

/// Changes the named lists of a project, and returns them.
pub(crate) async fn change_views(
    state: &AppState,
    project: &str,
    change: ViewChange,
) -> Result<Vec<ListView>, ApiError> {
    match change {
        ViewChange::Save { name, query } => {
            let view = ListView { name, query, saved_at: now() };
            state.store.put_list_view(project, view).await?;
        }
        ViewChange::Rename { name, to } => state.store.rename_list_view(project, &name, &to).await?,
        ViewChange::Delete { name } => state.store.delete_list_view(project, &name).await?,
    }
    views(state, project).await
}

/// The columns that the runs of a project, or of all projects, can be listed by.
pub(crate) async fn columns(state: &AppState, project: &str) -> Result<Vec<ListColumn>, ApiError> {
    let project = Some(project).filter(|project| !project.is_empty());
    let (keys, paths) = state.store.run_columns(project, MAX_COLUMNS).await?;
    let fields = RunField::ALL.into_iter().filter(|field| *field != RunField::Name).map(RunColumn::Field);
    let of_path = |path: String| Statistic::ALL.map(|statistic| RunColumn::Value(statistic, path.clone()));
    let all =
        fields.chain(keys.into_iter().map(RunColumn::Config)).chain(paths.into_iter().flat_map(of_path));
    Ok(all.map(|column| titled(&column)).collect())
}

fn titled(column: &RunColumn) -> ListColumn {
    let is_number = matches!(column.kind(), ColumnKind::Number | ColumnKind::Time);
    cells::column(&column.to_string(), is_number)
}
