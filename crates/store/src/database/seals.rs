//! Sealed chunks, and how far each run is sealed, in tables.

use gauntlet_model::{RunId, Timestamp};

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, corrupt, fault};
use super::group::Group;
use super::query::query;
use super::rows;
use crate::{PackedChunk, SealedTo, SealingRun, StoreError};

impl Group<'_> {
    pub(super) async fn put_chunk(
        &mut self,
        run: &RunId,
        level: u8,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), TxnError> {
        let state = self.existing(run).await?;
        self.insert_chunk(state.run_no, level, number, bytes).await
    }

    async fn insert_chunk(
        &mut self,
        run_no: i64,
        level: u8,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), TxnError> {
        let number = i64::try_from(number)
            .map_err(|_| StoreError::invalid("chunk", format!("{number} is too large")))?;
        query(
            "INSERT INTO chunks (run_no, level, chunk, bytes) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (run_no, level, chunk) DO UPDATE SET bytes = excluded.bytes",
        )
        .bind(run_no)
        .bind(i64::from(level))
        .bind(number)
        .bind(bytes)
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }

    /// Stores chunks and how far the run is sealed with them; `false` where they are of no run any more.
    pub(super) async fn seal(
        &mut self,
        run: &RunId,
        run_no: i64,
        chunks: &[PackedChunk],
        sealed: &SealedTo,
    ) -> Result<bool, TxnError> {
        let Some(state) = self.state(run).await?.filter(|state| state.run_no == run_no) else {
            return Ok(false);
        };
        let (facts, overview, outline) = match sealed {
            SealedTo::Facts { events, outline } => (Some(*events), None, Some(outline.as_slice())),
            SealedTo::Overview { rules, .. } if *rules != state.rules => return Ok(false),
            SealedTo::Overview { events, .. } => (None, Some(*events), None),
        };
        for chunk in chunks {
            self.insert_chunk(run_no, chunk.level, chunk.number, &chunk.bytes).await?;
        }
        query(
            "INSERT INTO seals (run_no, facts, overview, outline)
                VALUES (?1, coalesce(?2, 0), coalesce(?3, 0), ?4)
             ON CONFLICT (run_no) DO UPDATE SET facts = coalesce(?2, seals.facts),
                overview = coalesce(?3, seals.overview), outline = coalesce(?4, seals.outline)",
        )
        .bind(run_no)
        .bind(facts.map(|events| events as i64))
        .bind(overview.map(|events| events as i64))
        .bind(outline)
        .execute(&mut *self.db)
        .await?;
        Ok(true)
    }

    /// Drops the coarser chunks of a run, which depend on its rules.
    pub(super) async fn drop_overview(&mut self, run_no: i64) -> Result<(), TxnError> {
        let chunks = "DELETE FROM chunks WHERE run_no = ?1 AND level > 0";
        for sql in [chunks, "UPDATE seals SET overview = 0 WHERE run_no = ?1"] {
            query(sql).bind(run_no).execute(&mut *self.db).await?;
        }
        Ok(())
    }
}

/// A sealed film chunk, if it is stored.
pub(crate) async fn chunk(
    readers: &Pool,
    run: &RunId,
    level: u8,
    chunk: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Ok(chunk) = i64::try_from(chunk) else { return Ok(None) };
    query(
        "SELECT c.bytes FROM chunks c JOIN runs r USING (run_no)
            WHERE r.id = ?1 AND c.level = ?2 AND c.chunk = ?3",
    )
    .bind(run.as_str())
    .bind(i64::from(level))
    .bind(chunk)
    .value(readers)
    .await
    .map_err(fault)
}

/// The outline of a run, if one is stored.
pub(crate) async fn outline(readers: &Pool, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT s.outline FROM seals s JOIN runs r USING (run_no)
        WHERE r.id = ?1 AND s.outline IS NOT NULL";
    query(sql).bind(run.as_str()).value(readers).await.map_err(fault)
}

/// For how many events of a run the overview is stored; 0 where none is.
pub(crate) async fn overview_end(readers: &Pool, run: &RunId) -> Result<u64, StoreError> {
    let sql = "SELECT s.overview FROM seals s JOIN runs r USING (run_no) WHERE r.id = ?1";
    let end: Option<i64> = query(sql).bind(run.as_str()).value(readers).await.map_err(fault)?;
    Ok(end.unwrap_or_default().unsigned_abs())
}

/// The runs that are long enough, with how far they are sealed.
pub(crate) async fn sealing(readers: &Pool, events: u64) -> Result<Vec<SealingRun>, StoreError> {
    let sql = "SELECT r.run_no, r.id, r.rules, p.head, p.status, p.updated_at, p.evidence,
            coalesce(s.facts, 0) AS facts, coalesce(s.overview, 0) AS overview
        FROM progress p JOIN runs r USING (run_no) LEFT JOIN seals s USING (run_no) WHERE p.head >= ?1";
    let found = query(sql).bind(i64::try_from(events).unwrap_or(i64::MAX));
    let found = found.all(readers).await.map_err(fault)?;
    let run = |row: &DbRow| {
        let count = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs).map_err(fault);
        let status: &str = row.try_get("status").map_err(fault)?;
        let rules = rows::rules(row.try_get("rules").map_err(fault)?)?;
        let evidence = rows::evidence(row.try_get("evidence").map_err(fault)?);
        Ok(SealingRun {
            run_no: row.try_get("run_no").map_err(fault)?,
            id: RunId::new(row.try_get::<String, _>("id").map_err(fault)?).map_err(corrupt)?,
            head: count("head")?,
            status: status.parse().map_err(corrupt)?,
            updated_at: row.try_get("updated_at").map(Timestamp::from_micros).map_err(fault)?,
            rules,
            rule: evidence.rule(rules),
            facts: count("facts")?,
            overview: count("overview")?,
        })
    };
    found.iter().map(run).collect()
}
