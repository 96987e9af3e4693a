//! Asking the index: which events match, in which order, and what is shown of them.

use std::collections::HashMap;
use std::sync::Arc;

use gauntlet_model::Timestamp;
use sqlx::AssertSqlSafe;

use super::detail::{self, Detail};
use super::rows::log_fault;
use super::snippet::Marker;
use crate::StoreError;
use crate::database::connection::{Pool, Snapshot};
use crate::database::dialect::Texts;
use crate::database::fault::{corrupt, fault};
use crate::database::kinds::SNAPSHOT_SCORED;
use crate::database::query::{QueryBuilder, query as statement};
use crate::database::{DbRow, MAX_SEQ, SEQ_BITS, place};
use crate::search::{
    Cursor, FailureFilter, Hit, List, Lists, Progress, Ranked, SearchPage, SearchQuery, Words,
};

/// Most results on a page.
const MAX_PAGE: u32 = 200;
/// Most results of one search that are ranked.
const MAX_RANKED: usize = 1_000;
/// Most matches whose scores are looked at where only failing ones are asked for.
const MAX_JUDGED: usize = 10_000;
/// Newest matches that are ranked.
const MAX_NEWEST: i64 = 10_000;
/// Matches judged at a time.
const CHUNK: usize = 200;

/// Why there is no answer.
pub(crate) enum SearchError {
    /// The index is damaged.
    Damaged,
    /// Anything else.
    Other(StoreError),
}

impl From<StoreError> for SearchError {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

/// An error of a question to the index itself.
fn index_fault(error: sqlx::Error) -> SearchError {
    match fault(error) {
        StoreError::Corrupt { .. } => SearchError::Damaged,
        other => SearchError::Other(other),
    }
}

/// What asks the index.
#[derive(Clone)]
pub(crate) struct Searcher {
    /// Connections that see the index and the log.
    pool: Pool,
    marker: Marker,
}

impl Searcher {
    /// A searcher over connections that see the index and the log.
    pub(crate) async fn new(pool: Pool) -> Result<Self, StoreError> {
        Ok(Self { pool, marker: Marker::open().await? })
    }

    /// One page of answers. `lists`: the ranked lists that are paged through.
    pub(crate) async fn find(&self, lists: &Lists, query: &SearchQuery) -> Result<SearchPage, SearchError> {
        find(self, lists, query).await
    }

    /// Closes its connections.
    pub(crate) async fn close(&self) {
        self.marker.close().await;
        self.pool.close().await;
    }
}

async fn find(searcher: &Searcher, lists: &Lists, query: &SearchQuery) -> Result<SearchPage, SearchError> {
    if query.limit == 0 || query.limit > MAX_PAGE {
        let message = format!("is {}; it must be 1 to {MAX_PAGE}", query.limit);
        return Err(StoreError::invalid("limit", message).into());
    }
    let words = Words::read(&query.q, query.syntax)?;
    let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, query)).transpose()?;
    // One transaction: the index, its cursors and what is marked belong together. It is never committed.
    let mut db = searcher.pool.snapshot().await.map_err(index_fault)?;
    let run_no = run_no(&mut db, query).await?;
    let progress = progress(&mut db, query, run_no).await?;
    let wanted = query.limit as usize;
    let (ranked, next, more, has_rank) = match (&words, cursor) {
        (Some(words), None) => {
            let list = Arc::new(rank(&mut db, query, words, run_no).await?);
            let shown = list.ranked.len().min(wanted);
            let next = (shown < list.ranked.len())
                .then(|| Cursor::Ranked { list: lists.put(query, Arc::clone(&list)), shown: shown as u64 });
            (list.ranked[..shown].to_vec(), next, list.more, true)
        }
        (Some(_), Some(Cursor::Ranked { list: number, shown })) => {
            let list = lists.get(query, number)?;
            let from = usize::try_from(shown).unwrap_or(usize::MAX).min(list.ranked.len());
            let to = from.saturating_add(wanted).min(list.ranked.len());
            let next = (to < list.ranked.len()).then_some(Cursor::Ranked { list: number, shown: to as u64 });
            (list.ranked[from..to].to_vec(), next, list.more, true)
        }
        (None, None) => {
            let (found, next) = newest(&mut db, query, run_no, i64::MAX).await?;
            (found, next, false, false)
        }
        (None, Some(Cursor::Newest { place })) => {
            let (found, next) = newest(&mut db, query, run_no, place).await?;
            (found, next, false, false)
        }
        _ => return Err(StoreError::invalid("cursor", "is a cursor of another search").into()),
    };
    let items = hits(&mut db, &searcher.marker, &ranked, words.as_ref(), has_rank).await?;
    let next_cursor = next.map(|cursor| cursor.write(query));
    Ok(SearchPage { items, next_cursor, more, progress })
}

/// The number of the run that is asked for.
async fn run_no(db: &mut Snapshot, query: &SearchQuery) -> Result<Option<i64>, StoreError> {
    let Some(run) = &query.run else { return Ok(None) };
    let sql = format!("SELECT run_no FROM {}runs WHERE id = ?1", db.dialect().log());
    let found: Option<i64> =
        statement(AssertSqlSafe(sql)).bind(run.as_str()).value(db).await.map_err(log_fault)?;
    found.map(Some).ok_or_else(|| StoreError::no_run(run))
}

/// How far the index is, over the runs that are searched.
async fn progress(
    db: &mut Snapshot,
    query: &SearchQuery,
    run_no: Option<i64>,
) -> Result<Progress, SearchError> {
    let (log, greatest) = (db.dialect().log(), db.dialect().greatest());
    let sql = format!(
        "WITH behind AS (
            SELECT r.run_no, coalesce(c.next, 0) AS next, p.updated_at,
                {greatest}(p.head - coalesce(c.next, 0), CASE WHEN r.edits = c.edits THEN 0 ELSE 1 END)
                    AS waiting
            FROM {log}runs r JOIN {log}progress p USING (run_no) LEFT JOIN cursors c USING (run_no)
            WHERE (?1 IS NULL OR r.run_no = ?1) AND (?2 IS NULL OR r.project = ?2)
         )
         SELECT CAST(coalesce(sum(b.waiting), 0) AS BIGINT) AS waiting,
            min(coalesce(e.received_at, b.updated_at)) AS since
         FROM behind b LEFT JOIN {log}events e ON e.place = (b.run_no << {SEQ_BITS}) + b.next
         WHERE b.waiting > 0"
    );
    let row = statement(AssertSqlSafe(sql))
        .bind(run_no)
        .bind(query.project.as_deref())
        .first(db)
        .await
        .and_then(|row| row.ok_or(sqlx::Error::RowNotFound))
        .map_err(index_fault)?;
    let waiting: i64 = row.try_get("waiting").map_err(index_fault)?;
    let since: Option<i64> = row.try_get("since").map_err(index_fault)?;
    Ok(Progress { waiting: waiting.unsigned_abs(), indexed_up_to: since.map(Timestamp::from_micros) })
}

/// The matches, best first; newer first where two match equally well. Of a word that is nearly
/// everywhere, only the newest matches are ranked: the rank of such a word means little, and ranking takes
/// time with every match.
async fn rank(
    db: &mut Snapshot,
    query: &SearchQuery,
    words: &Words,
    run_no: Option<i64>,
) -> Result<List, SearchError> {
    let index = db.dialect().texts();
    let mut sql = matching(index, index.place, query, words, run_no);
    sql.push(format!(" ORDER BY {} DESC LIMIT 1 OFFSET ", index.place)).push_bind(MAX_NEWEST);
    let older: Option<i64> = sql.build().value(&mut *db).await.map_err(index_fault)?;
    let most = if query.failing.is_some() { MAX_JUDGED } else { MAX_RANKED };
    let columns = format!("{} AS place, {} AS rank", index.place, index.rank);
    let mut sql = matching(index, &columns, query, words, run_no);
    if let Some(older) = older {
        sql.push(format!(" AND {} > ", index.place)).push_bind(older);
    }
    sql.push(format!(" ORDER BY {} DESC, {} DESC LIMIT ", index.rank, index.place));
    sql.push_bind(most as i64 + 1);
    let rows = sql.build().all(&mut *db).await.map_err(index_fault)?;
    let mut more = older.is_some() || rows.len() > most;
    let read = |row: &DbRow| -> Result<Ranked, SearchError> {
        let place = row.try_get("place").map_err(index_fault)?;
        Ok(Ranked { place, rank: row.try_get("rank").map_err(index_fault)? })
    };
    let mut ranked = rows.iter().take(most).map(read).collect::<Result<Vec<_>, _>>()?;
    if let Some(fails) = &query.failing {
        let (failing, rest) = failing(db, ranked, fails, MAX_RANKED).await?;
        more |= rest;
        ranked = failing;
    }
    Ok(List { ranked, more })
}

/// The question for every match, up to its order. The words are its first parameter.
fn matching(
    index: &Texts,
    columns: &str,
    query: &SearchQuery,
    words: &Words,
    run_no: Option<i64>,
) -> QueryBuilder {
    let Texts { log, place: at, joins, .. } = index;
    let mut sql = QueryBuilder::new(format!("SELECT {columns} FROM texts t"));
    if query.snapshots_only || query.failing.is_some() {
        sql.push(format!(" {joins} {log}events e ON e.place = {at}"));
    }
    sql.push(format!(" WHERE {}", index.matches));
    sql.with_value((index.expression)(words));
    if let Some(run_no) = run_no {
        sql.push(format!(" AND {at} BETWEEN ")).push_bind(place(run_no, 0));
        sql.push(" AND ").push_bind(place(run_no, MAX_SEQ));
    }
    // Also leaves out what the index still holds of deleted runs.
    sql.push(format!(" AND ({at} >> {SEQ_BITS}) IN (SELECT run_no FROM {log}runs"));
    if let Some(project) = &query.project {
        sql.push(" WHERE project = ").push_bind(project.clone());
    }
    sql.push(")");
    if query.snapshots_only {
        sql.push(format!(" AND e.kind = {SNAPSHOT_SCORED}"));
    }
    if query.failing.is_some() {
        sql.push(format!(
            " AND EXISTS (SELECT 1 FROM {log}events s WHERE s.run_no = e.run_no AND s.step = e.step
                AND s.failure IS NOT NULL)"
        ));
    }
    sql
}

/// Of these, in their order, at most `most` of steps that fail in the way asked for; and whether some were
/// not looked at.
async fn failing(
    db: &mut Snapshot,
    candidates: Vec<Ranked>,
    fails: &FailureFilter,
    most: usize,
) -> Result<(Vec<Ranked>, bool), StoreError> {
    let mut found = Vec::new();
    for chunk in candidates.chunks(CHUNK) {
        let places: Vec<i64> = chunk.iter().map(|r| r.place).collect();
        let failing = detail::failing(db, &places, fails).await?;
        for ranked in chunk.iter().filter(|r| failing.contains(&r.place)) {
            if found.len() == most {
                return Ok((found, true));
            }
            found.push(*ranked);
        }
    }
    Ok((found, false))
}

/// Events before a place, the newest run first and its newest event first; and where to go on.
async fn newest(
    db: &mut Snapshot,
    query: &SearchQuery,
    run_no: Option<i64>,
    before: i64,
) -> Result<(Vec<Ranked>, Option<Cursor>), StoreError> {
    let wanted = query.limit as usize;
    let (mut found, mut before, mut looked_at) = (Vec::new(), before, 0);
    loop {
        // Where scores are still to be judged, more must be looked at than is wanted.
        let asked =
            if matches!(query.failing, Some(FailureFilter::By(_))) { CHUNK.max(wanted) } else { wanted };
        let places = newest_places(db, query, run_no, before, asked).await?;
        let is_last = places.len() < asked;
        let failing = match &query.failing {
            Some(fails) => Some(detail::failing(db, &places, fails).await?),
            None => None,
        };
        for at in &places {
            before = *at;
            if failing.as_ref().is_none_or(|f| f.contains(at)) {
                found.push(Ranked { place: *at, rank: 0.0 });
                if found.len() == wanted {
                    return Ok((found, Some(Cursor::Newest { place: before })));
                }
            }
        }
        looked_at += places.len();
        if is_last {
            return Ok((found, None));
        }
        if looked_at >= MAX_JUDGED {
            return Ok((found, Some(Cursor::Newest { place: before })));
        }
    }
}

async fn newest_places(
    db: &mut Snapshot,
    query: &SearchQuery,
    run_no: Option<i64>,
    before: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    // Run by run, so that runs of other projects are never read.
    let (log, joins) = (db.dialect().log(), db.dialect().joins_in_order());
    let mut sql = QueryBuilder::new(format!(
        "SELECT e.place FROM {log}runs r {joins} {log}events e
         ON e.place BETWEEN (r.run_no << {SEQ_BITS}) AND (r.run_no << {SEQ_BITS}) + {MAX_SEQ}
         WHERE e.place < "
    ));
    sql.push_bind(before);
    sql.push(format!(" AND r.run_no <= ({before} >> {SEQ_BITS})"));
    if let Some(run_no) = run_no {
        sql.push(" AND r.run_no = ").push_bind(run_no);
    }
    if let Some(project) = &query.project {
        sql.push(" AND r.project = ").push_bind(project.clone());
    }
    if query.snapshots_only {
        sql.push(format!(" AND e.kind = {SNAPSHOT_SCORED}"));
    }
    if query.failing.is_some() {
        sql.push(" AND e.failure IS NOT NULL");
    }
    sql.push(" ORDER BY r.run_no DESC, e.place DESC LIMIT ").push_bind(limit as i64);
    sql.build().values(db).await.map_err(log_fault)
}

/// What is shown of each result. Of a run that was deleted meanwhile nothing is.
async fn hits(
    db: &mut Snapshot,
    marker: &Marker,
    ranked: &[Ranked],
    words: Option<&Words>,
    has_rank: bool,
) -> Result<Vec<Hit>, StoreError> {
    let places: Vec<i64> = ranked.iter().map(|r| r.place).collect();
    let mut details: HashMap<i64, Detail> =
        detail::details(db, &places).await?.into_iter().map(|d| (d.place, d)).collect();
    let mut shown: Vec<(Detail, f64)> = Vec::new();
    for ranked in ranked {
        shown.extend(details.remove(&ranked.place).map(|detail| (detail, ranked.rank)));
    }
    let documents = shown.iter_mut().map(|(detail, _)| std::mem::take(&mut detail.document)).collect();
    let snippets = marker.cut(documents, words.map(Words::parts)).await?;
    if snippets.len() != shown.len() {
        return Err(corrupt("a result has no snippet"));
    }
    let hits = shown.into_iter().zip(snippets).map(|((detail, rank), (field, snippet))| Hit {
        field,
        snippet,
        rank: has_rank.then_some(rank),
        ..detail.hit
    });
    Ok(hits.collect())
}
