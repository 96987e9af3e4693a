//! Asking the index: which events match, in which order, and what is shown of them.

use std::collections::HashMap;
use std::sync::Arc;

use gauntlet_model::Timestamp;
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::detail::{self, Detail};
use super::rows::log_fault;
use super::snippet;
use crate::StoreError;
use crate::search::{Cursor, Fails, Hit, List, Lists, Progress, Ranked, SearchPage, SearchQuery, Words};
use crate::sqlite::complete::Complete;
use crate::sqlite::fault::{corrupt, fault};
use crate::sqlite::{MAX_SEQ, SEQ_BITS, place};

/// Most results on a page.
const MAX_PAGE: u32 = 200;
/// Most results of one search that are ranked.
const RANKED: usize = 1_000;
/// Most matches whose scores are looked at where only failing ones are asked for.
const JUDGED: usize = 10_000;
/// Newest matches that are ranked.
const NEWEST: i64 = 10_000;
/// Matches judged at a time.
const CHUNK: usize = 200;

/// Why there is no answer.
pub(super) enum SearchError {
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
        StoreError::Corrupt(_) => SearchError::Damaged,
        other => SearchError::Other(other),
    }
}

/// One page of answers.
pub(super) async fn find(
    searchers: &SqlitePool,
    lists: &Lists,
    query: &SearchQuery,
) -> Result<SearchPage, SearchError> {
    if query.limit == 0 || query.limit > MAX_PAGE {
        let message = format!("is {}; it must be 1 to {MAX_PAGE}", query.limit);
        return Err(StoreError::invalid("limit", message).into());
    }
    let words = Words::read(&query.q, query.reading)?;
    let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, query)).transpose()?;
    // One transaction: the index, its cursors and what is marked belong together. It is never committed.
    let mut db = searchers.begin().await.map_err(index_fault)?;
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
    let items = hits(&mut db, &ranked, words.as_ref(), has_rank).await?;
    let next_cursor = next.map(|cursor| cursor.write(query));
    Ok(SearchPage { items, next_cursor, more, progress })
}

/// The number of the run that is asked for.
async fn run_no(db: &mut SqliteConnection, query: &SearchQuery) -> Result<Option<i64>, StoreError> {
    let Some(run) = &query.run else { return Ok(None) };
    let found: Option<i64> = sqlx::query("SELECT run_no FROM log.runs WHERE id = ?1")
        .bind(run.as_str())
        .value(db)
        .await
        .map_err(log_fault)?;
    found.map(Some).ok_or_else(|| StoreError::no_run(run))
}

/// How far the index is, over the runs that are searched.
async fn progress(
    db: &mut SqliteConnection,
    query: &SearchQuery,
    run_no: Option<i64>,
) -> Result<Progress, SearchError> {
    let sql = format!(
        "WITH behind AS (
            SELECT r.run_no, coalesce(c.next, 0) AS next,
                max(p.head - coalesce(c.next, 0), coalesce(r.edits <> c.edits, 1)) AS waiting, p.updated_at
            FROM log.runs r JOIN log.progress p USING (run_no) LEFT JOIN cursors c USING (run_no)
            WHERE (?1 IS NULL OR r.run_no = ?1) AND (?2 IS NULL OR r.project = ?2)
         )
         SELECT coalesce(sum(b.waiting), 0) AS waiting,
            min(coalesce(e.received_at, b.updated_at)) AS since
         FROM behind b LEFT JOIN log.events e ON e.place = (b.run_no << {SEQ_BITS}) + b.next
         WHERE b.waiting > 0"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
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

/// The matches, best first; newer first where two match equally well. Of a word that stands nearly
/// everywhere, only the newest matches are ranked: the rank of such a word says little, and ranking takes
/// time with every match.
async fn rank(
    db: &mut SqliteConnection,
    query: &SearchQuery,
    words: &Words,
    run_no: Option<i64>,
) -> Result<List, SearchError> {
    let mut sql = matching("SELECT t.rowid", query, words, run_no);
    sql.push(" ORDER BY t.rowid DESC LIMIT 1 OFFSET ").push_bind(NEWEST);
    let older: Option<i64> = sql.build().value(&mut *db).await.map_err(index_fault)?;
    let most = if query.failing.is_some() { JUDGED } else { RANKED };
    let mut sql = matching("SELECT t.rowid AS place, -t.rank AS rank", query, words, run_no);
    if let Some(older) = older {
        sql.push(" AND t.rowid > ").push_bind(older);
    }
    sql.push(" ORDER BY t.rank, t.rowid DESC LIMIT ").push_bind(most as i64 + 1);
    let rows = sql.build().all(&mut *db).await.map_err(index_fault)?;
    let mut more = older.is_some() || rows.len() > most;
    let read = |row: &sqlx::sqlite::SqliteRow| -> Result<Ranked, SearchError> {
        let place = row.try_get("place").map_err(index_fault)?;
        Ok(Ranked { place, rank: row.try_get("rank").map_err(index_fault)? })
    };
    let mut ranked = rows.iter().take(most).map(read).collect::<Result<Vec<_>, _>>()?;
    if let Some(fails) = &query.failing {
        let (failing, rest) = failing(db, ranked, fails, RANKED).await?;
        more |= rest;
        ranked = failing;
    }
    Ok(List { ranked, more })
}

/// The question for every match, up to its order.
fn matching(select: &str, query: &SearchQuery, words: &Words, run_no: Option<i64>) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::<Sqlite>::new(select);
    sql.push(" FROM texts t");
    if query.snapshots_only || query.failing.is_some() {
        sql.push(" CROSS JOIN log.events e ON e.place = t.rowid");
    }
    sql.push(" WHERE t.texts MATCH ").push_bind(words.expression());
    if let Some(run_no) = run_no {
        sql.push(" AND t.rowid BETWEEN ").push_bind(place(run_no, 0));
        sql.push(" AND ").push_bind(place(run_no, MAX_SEQ));
    }
    // Also leaves out what the index still holds of deleted runs.
    sql.push(format!(" AND (t.rowid >> {SEQ_BITS}) IN (SELECT run_no FROM log.runs"));
    if let Some(project) = &query.project {
        sql.push(" WHERE project = ").push_bind(project.clone());
    }
    sql.push(")");
    if query.snapshots_only {
        sql.push(" AND e.kind = 'snapshot.scored'");
    }
    if query.failing.is_some() {
        sql.push(
            " AND EXISTS (SELECT 1 FROM log.events s WHERE s.run_no = e.run_no AND s.step = e.step
                AND s.failure IS NOT NULL)",
        );
    }
    sql
}

/// Of these, in their order, at most `most` that fail so; and whether some were not looked at.
async fn failing(
    db: &mut SqliteConnection,
    candidates: Vec<Ranked>,
    fails: &Fails,
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
    db: &mut SqliteConnection,
    query: &SearchQuery,
    run_no: Option<i64>,
    before: i64,
) -> Result<(Vec<Ranked>, Option<Cursor>), StoreError> {
    let wanted = query.limit as usize;
    let (mut found, mut before, mut looked_at) = (Vec::new(), before, 0);
    loop {
        // Where scores are still to be judged, more must be looked at than is wanted.
        let asked = if matches!(query.failing, Some(Fails::By(_))) { CHUNK.max(wanted) } else { wanted };
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
        if looked_at >= JUDGED {
            return Ok((found, Some(Cursor::Newest { place: before })));
        }
    }
}

async fn newest_places(
    db: &mut SqliteConnection,
    query: &SearchQuery,
    run_no: Option<i64>,
    before: i64,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    // Run by run, so that runs of other projects are never read.
    let mut sql = QueryBuilder::<Sqlite>::new(format!(
        "SELECT e.place FROM log.runs r CROSS JOIN log.events e
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
        sql.push(" AND e.kind = 'snapshot.scored'");
    }
    if query.failing.is_some() {
        sql.push(" AND e.failure IS NOT NULL");
    }
    sql.push(" ORDER BY r.run_no DESC, e.place DESC LIMIT ").push_bind(limit as i64);
    sql.build().values(db).await.map_err(log_fault)
}

/// What is shown of each result. Of a run that was deleted meanwhile nothing is.
async fn hits(
    db: &mut SqliteConnection,
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
    let snippets = snippet::cut(db, documents, words.map(Words::parts)).await?;
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
