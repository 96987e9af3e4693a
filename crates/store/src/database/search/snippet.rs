//! Short stretches of what was found, with the matches marked. The marking is done by the index's own
//! tokenizer on the few texts of a page, so that what is marked is what matched: accents, prefixes and
//! phrases included.

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

use super::rows::log_fault;
use crate::StoreError;
use crate::database::query::query;
use crate::database::target::Target;
use crate::search::{Document, Segment, TextField, segment_cjk};

/// Bytes of text that are marked at a time: marking takes time with the square of the matches.
const WINDOW: usize = 8 << 10;
/// Bytes two neighbouring windows share, so that hardly a phrase is cut in two.
const OVERLAP: usize = 256;
/// Windows of one event that are looked at.
const MAX_WINDOWS: usize = 64;
/// Characters of a snippet at most.
const MAX_CHARS: usize = 320;
/// Characters shown before the first match where the snippet is cut.
const LEAD_CHARS: usize = 80;
/// Stand around a match; no text keeps such a character.
const OPEN: char = '\u{2}';
const CLOSE: char = '\u{3}';
/// Marks the boundaries between characters that are words; it is removed from every text.
const BREAK: char = '\u{1}';
const ELLIPSIS: char = '…';

/// How texts are cut into words: at what is neither letter nor digit, letter case and accents ignored. See
/// `script` for writing without spaces.
pub(crate) const TOKENIZER: &str = "unicode61 remove_diacritics 2";
/// Connections that mark, and so the searches whose results are marked at a time.
const MARKERS: u32 = 2;

/// Marks what was found in texts, by a full-text index in memory that holds the texts of one page.
#[derive(Clone)]
pub(super) struct Marker {
    pool: SqlitePool,
}

impl Marker {
    pub(super) async fn open() -> Result<Self, StoreError> {
        // Without a name each connection has a database of its own, in memory.
        let options = SqliteConnectOptions::new()
            .pragma("temp_store", "memory")
            // A slow search is not a fault to report, and what was searched for is private.
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(MARKERS)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let shown =
                        format!("CREATE VIRTUAL TABLE shown USING fts5(text, tokenize = '{TOKENIZER}')");
                    connection.execute(AssertSqlSafe(shown)).await.map(drop)
                })
            })
            .connect_with(options)
            .await
            .map_err(log_fault)?;
        Ok(Self { pool })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// The field and the stretch to show of each document, in their order. `parts` is what to mark; without
    /// it the beginning is shown.
    pub(super) async fn cut(
        &self,
        documents: Vec<Document>,
        parts: Option<String>,
    ) -> Result<Vec<(Option<TextField>, Vec<Segment>)>, StoreError> {
        let texts: Vec<[String; TextField::ALL.len()]> =
            documents.into_iter().map(Document::into_texts).collect();
        let mut cut: Vec<Option<(Option<TextField>, Vec<Segment>)>> = texts.iter().map(|_| None).collect();
        if let Some(parts) = parts {
            let mut windows = Vec::new();
            let mut whose = Vec::new();
            for (document, texts) in texts.iter().enumerate() {
                let fields = TextField::ALL.into_iter().zip(texts);
                let all = fields.flat_map(|(field, text)| split(text).map(move |window| (field, window)));
                for (field, window) in all.take(MAX_WINDOWS) {
                    let text: String = window.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                    windows.push(segment_cjk(&text, BREAK).into_owned());
                    whose.push((document, field));
                }
            }
            // Never committed: each search finds the table empty.
            let mut db = self.pool.begin().await.map_err(log_fault)?;
            query("INSERT INTO shown (rowid, text) SELECT key, value FROM json_each(?1)")
                .bind(serde_json::to_string(&windows).unwrap_or_default())
                .execute(Target::Sqlite(&mut db))
                .await
                .map_err(log_fault)?;
            let marked = query(
                // Of words that are single characters more are shown.
                "SELECT rowid AS number,
                    snippet(shown, 0, char(2), char(3), '…', iif(instr(text, char(1)), 64, 28)) AS marked
                 FROM shown WHERE shown MATCH ?1 ORDER BY rank, rowid",
            )
            .bind(parts)
            .all(Target::Sqlite(&mut db))
            .await
            .map_err(log_fault)?;
            for row in &marked {
                let window: i64 = row.try_get("number").map_err(log_fault)?;
                let Some((document, field)) = usize::try_from(window).ok().and_then(|w| whose.get(w)) else {
                    continue;
                };
                // The best window comes first.
                if cut[*document].is_none() {
                    cut[*document] =
                        Some((Some(*field), segments(row.try_get("marked").map_err(log_fault)?)));
                }
            }
        }
        Ok(cut.into_iter().zip(&texts).map(|(cut, texts)| cut.unwrap_or_else(|| beginning(texts))).collect())
    }
}

/// The text in windows that share a little with their neighbours.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= text.len() {
            return None;
        }
        let begin = text.floor_char_boundary(from);
        let end = text.floor_char_boundary(begin + WINDOW);
        from = if end < text.len() { end - OVERLAP } else { end };
        Some(&text[begin..end])
    })
}

/// The marked text as segments, cut to a bearable length around its first match.
fn segments(marked: &str) -> Vec<Segment> {
    let marked = marked.replace(BREAK, "");
    let mut segments = Vec::new();
    for part in marked.split_inclusive([OPEN, CLOSE]) {
        let hit = part.ends_with(CLOSE);
        let text = part.trim_end_matches([OPEN, CLOSE]);
        if !text.is_empty() {
            segments.push(Segment { text: text.to_owned(), hit });
        }
    }
    let length = |s: &Segment| s.text.chars().count();
    if segments.iter().map(length).sum::<usize>() <= MAX_CHARS {
        return segments;
    }
    let first: usize = segments.iter().take_while(|s| !s.hit).map(length).sum();
    let (mut skip, mut left) = (first.saturating_sub(LEAD_CHARS), MAX_CHARS);
    let mut short = Vec::new();
    if skip > 0 {
        short.push(Segment { text: ELLIPSIS.to_string(), hit: false });
    }
    for segment in segments {
        let all = length(&segment);
        let text: String = segment.text.chars().skip(skip).take(left).collect();
        skip = skip.saturating_sub(all);
        left -= text.chars().count();
        if !text.is_empty() {
            short.push(Segment { text, hit: segment.hit });
        }
    }
    short.push(Segment { text: ELLIPSIS.to_string(), hit: false });
    short
}

/// The beginning of the first field that holds text.
fn beginning(texts: &[String; TextField::ALL.len()]) -> (Option<TextField>, Vec<Segment>) {
    let Some((field, text)) = TextField::ALL.into_iter().zip(texts).find(|(_, text)| !text.is_empty()) else {
        return (None, Vec::new());
    };
    let mut head: String =
        text.chars().take(MAX_CHARS / 2).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if head.len() < text.len() {
        head.push(ELLIPSIS);
    }
    (Some(field), vec![Segment { text: head, hit: false }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_text_and_share_their_edges() {
        for text in [String::new(), "short".to_owned(), "é".repeat(10_000), "x".repeat(WINDOW + 1)] {
            let windows: Vec<&str> = split(&text).collect();
            assert!(windows.iter().all(|w| w.len() <= WINDOW));
            let ends: Vec<(usize, usize)> = windows
                .iter()
                .map(|w| w.as_ptr() as usize - text.as_ptr() as usize)
                .zip(windows.iter().map(|w| w.len()))
                .collect();
            assert!(ends.windows(2).all(|pair| pair[1].0 < pair[0].0 + pair[0].1), "{ends:?}");
            assert_eq!(ends.last().map_or(0, |(from, len)| from + len), text.len());
        }
    }

    #[test]
    fn long_snippets_are_cut_around_their_first_match() {
        let marked = format!("{}{OPEN}found{CLOSE}{}", "a".repeat(1000), "b".repeat(1000));
        let segments = segments(&marked);
        let text: String = segments.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(text.chars().count(), MAX_CHARS + 2);
        assert_eq!(segments.iter().filter(|s| s.hit).map(|s| s.text.as_str()).collect::<Vec<_>>(), ["found"]);
    }

    #[test]
    fn short_text_is_not_cut() {
        let segments = segments("…a \u{2}b\u{3} c\u{2}d\u{3}");
        let expected = [("…a ", false), ("b", true), (" c", false), ("d", true)];
        let expected: Vec<_> = expected.map(|(text, hit)| Segment { text: text.to_owned(), hit }).into();
        assert_eq!(segments, expected);
    }
}
