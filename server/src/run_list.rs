//! The list of runs as the pages show it: columns with titles, and texts in them.

use gauntlet_api::Page;
use gauntlet_app::api::{ListColumn, ListRow, NamedList, RunList, RunsQuery, ViewChange};
use gauntlet_app::cells;
use gauntlet_engine::clock::now;
use gauntlet_model::FieldError;
use gauntlet_store::{ColumnKind, Conditions, Order, RunColumn, RunField, RunQuery, Statistic};

use crate::api::runs;
use crate::error::ApiError;
use crate::state::AppState;

/// Runs a page shows at a time.
const PAGE: u32 = 50;
/// Most keys of configurations, and most paths, that are offered as columns.
const OFFERED: u32 = 200;

/// A page of runs.
pub(crate) async fn read(state: &AppState, query: RunsQuery) -> Result<RunList, ApiError> {
    let set = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let refused = |e: FieldError| ApiError::malformed(&e);
    let columns = match set(query.columns) {
        Some(text) => runs::columns(&text).map_err(refused)?,
        None => cells::DEFAULT.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    let columns: Vec<RunColumn> =
        columns.into_iter().filter(|column| *column != RunField::Name.into()).collect();
    let query = RunQuery {
        q: set(query.q),
        cursor: set(query.cursor),
        project: set(query.project),
        tag: set(query.tag),
        status: set(query.status).map(|word| word.parse()).transpose().map_err(refused)?,
        filter: query.filter.parse::<Conditions>().map_err(refused)?,
        order: set(query.sort)
            .map(|word| word.parse::<Order>())
            .transpose()
            .map_err(refused)?
            .unwrap_or_default(),
        limit: PAGE,
        columns: columns.clone(),
    };
    let total = state.store.count_runs(&query).await?;
    let page = state.store.runs(query).await?;
    let ids: Vec<_> = page.items.iter().map(|run| run.id.clone()).collect();
    let sparklines = state.store.sparklines(&ids).await?;
    let names: Vec<String> = columns.iter().map(RunColumn::to_string).collect();
    let row = |((run, values), sparkline): ((_, Vec<_>), Vec<f64>)| ListRow {
        run,
        cells: names.iter().zip(&values).map(|(name, value)| cells::text(name, value)).collect(),
        sparkline: cells::sparkline(&sparkline),
    };
    let items = page.items.into_iter().zip(page.cells).zip(sparklines).map(row).collect();
    Ok(RunList {
        page: Page { items, next_cursor: page.next_cursor },
        columns: columns.iter().map(titled).collect(),
        total,
    })
}

/// The named lists of a project; those of all runs where it is empty.
pub(crate) async fn views(state: &AppState, project: &str) -> Result<Vec<NamedList>, ApiError> {
    let views = state.store.list_views(project).await?.into_iter();
    Ok(views.map(|view| NamedList { name: view.name, query: view.query }).collect())
}

/// Changes the named lists of a project, and returns them.
pub(crate) async fn change_views(
    state: &AppState,
    project: &str,
    change: ViewChange,
) -> Result<Vec<NamedList>, ApiError> {
    match change {
        ViewChange::Save { name, query } => {
            let view = gauntlet_store::ListView { project: project.to_owned(), name, query, saved_at: now() };
            state.store.put_list_view(view).await?;
        }
        ViewChange::Rename { name, to } => state.store.rename_list_view(project, &name, &to).await?,
        ViewChange::Delete { name } => state.store.delete_list_view(project, &name).await?,
    }
    views(state, project).await
}

/// The columns that the runs of a project, or of all projects, can be listed by.
pub(crate) async fn columns(state: &AppState, project: &str) -> Result<Vec<ListColumn>, ApiError> {
    let project = Some(project).filter(|project| !project.is_empty());
    let (keys, paths) = state.store.run_columns(project, OFFERED).await?;
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
