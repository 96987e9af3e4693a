//! Which prompt each scored snapshot answers: read from the log once for each run, then brought up to date.
//!
//! Films hold no texts, so this is the index beside them: of each snapshot the group it was sampled in and
//! the task it attempts, both as hashes.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use gauntlet_model::{Body, EpisodeId, Kind, Object, Record, RunId, Timestamp};
use gauntlet_store::Store;
use parking_lot::Mutex;
use serde_json::Value;

use crate::Error;

/// How many runs are cached.
const CACHED_RUNS: usize = 8;
/// Events read from the log at a time.
const PAGE: u32 = 2048;

/// What one snapshot answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    /// Its place in the log.
    pub seq: u64,
    /// The group of rollouts it was sampled in; rollouts of one step with the same number are one group.
    pub group: u64,
    /// The task that it attempts, the same number in every run; `None` where nothing names or describes it.
    pub task: Option<u64>,
}

/// The prompts of one run.
#[derive(Debug, Default)]
pub struct PromptIndex {
    after: Option<u64>,
    /// By rising sequence number.
    prompts: Vec<Prompt>,
    /// The tasks that episodes name.
    episode_tasks: HashMap<EpisodeId, u64>,
}

impl PromptIndex {
    /// What the snapshot at a sequence number answers.
    pub fn get(&self, seq: u64) -> Option<Prompt> {
        let at = self.prompts.binary_search_by_key(&seq, |prompt| prompt.seq).ok()?;
        self.prompts.get(at).copied()
    }

    /// The snapshot before the one at a sequence number that attempts the same task, if any.
    pub fn previous_attempt(&self, seq: u64) -> Option<u64> {
        let at = self.prompts.binary_search_by_key(&seq, |prompt| prompt.seq).ok()?;
        let (before, from) = self.prompts.split_at(at);
        let task = from.first()?.task?;
        before.iter().rev().find(|prompt| prompt.task == Some(task)).map(|prompt| prompt.seq)
    }

    fn add(&mut self, record: &Record) {
        match record.event().as_ref().map(|event| event.body()) {
            Ok(Body::EpisodeStarted(started)) => {
                if let (Some(episode), Some(task)) = (&record.episode, &started.task) {
                    self.episode_tasks.insert(episode.clone(), hash("task", task));
                }
            }
            Ok(Body::SnapshotScored(snapshot)) => {
                let of_episode = record.episode.as_ref().and_then(|episode| self.episode_tasks.get(episode));
                let named = name(&snapshot.metadata, "task_id").map(|task| hash("task_id", &task));
                let seen = || (!snapshot.observation.is_empty()).then(|| hash("seen", &snapshot.observation));
                let task = named.or(of_episode.copied()).or_else(seen);
                self.prompts.push(Prompt {
                    seq: record.seq,
                    group: hash("group", &snapshot.group_name()),
                    task,
                });
            }
            Ok(_) => {}
            Err(error) => tracing::error!(seq = record.seq, %error, "a stored event breaks the rules"),
        }
    }
}

/// A text or a number of the metadata as a name.
fn name(metadata: &Object, key: &str) -> Option<String> {
    match metadata.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A hash that is the same for the same text of the same kind, in every run of this process.
fn hash(kind: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, text).hash(&mut hasher);
    hasher.finish()
}

type Shared = Arc<tokio::sync::Mutex<PromptIndex>>;

/// The prompts of the runs that were requested last; cloning shares them.
#[derive(Clone)]
pub struct Prompts {
    store: Store,
    /// Most recently used last. With the time at which each run was created: one that was deleted, perhaps by
    /// another server, may be created again under its id.
    cached: Arc<Mutex<VecDeque<(RunId, Timestamp, Shared)>>>,
}

impl Prompts {
    /// Prompts of that log.
    pub fn new(store: Store) -> Self {
        Self { store, cached: Arc::default() }
    }

    /// Computes something from the prompts of a run, as far as its log goes now.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such run.
    pub async fn look<T>(&self, run: &RunId, read: impl FnOnce(&PromptIndex) -> T) -> Result<T, Error> {
        let summary = self.store.run(run).await?.ok_or_else(|| Error::no_run(run.as_str()))?;
        let shared = self.take_or_make(run, summary.created_at);
        let mut index = shared.lock().await;
        let kinds = [Kind::EpisodeStarted, Kind::SnapshotScored];
        loop {
            let page = self.store.read(run, index.after, PAGE, Some(&kinds)).await?;
            page.records.iter().for_each(|record| index.add(record));
            let is_end = page.next_after.is_none_or(|after| after + 1 >= page.head);
            index.after = page.next_after.or(index.after);
            if is_end {
                return Ok(read(&index));
            }
        }
    }

    /// Drops a deleted run's prompts.
    pub fn forget(&self, run: &RunId) {
        self.cached.lock().retain(|(id, ..)| id != run);
    }

    fn take_or_make(&self, run: &RunId, created_at: Timestamp) -> Shared {
        let mut cached = self.cached.lock();
        let known = cached.iter().position(|(id, ..)| id == run).and_then(|at| cached.remove(at));
        let known = known.filter(|(_, at, _)| *at == created_at);
        let entry = known.unwrap_or_else(|| (run.clone(), created_at, Shared::default()));
        let shared = Arc::clone(&entry.2);
        cached.push_back(entry);
        if cached.len() > CACHED_RUNS {
            cached.pop_front();
        }
        shared
    }
}
