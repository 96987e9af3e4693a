//! The film's table of contents: what a viewer fetches first.

use gauntlet_model::{FailureRules, RuleInForce, RunId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::film::Film;
use crate::levels::{CHUNK, span};

/// What a run's film consists of. Sealed chunks never change; what is after them comes from the log's
/// tail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// The run.
    pub run: RunId,
    /// Events in its log.
    pub head: u64,
    /// Scored steps.
    pub steps: u64,
    /// Rubric paths in tree order.
    pub paths: Vec<String>,
    /// Events in one chunk of level 0.
    pub chunk_events: u64,
    /// Level 0, then each coarser level that has a sealed chunk.
    pub levels: Vec<Level>,
    /// Which steps fail, as it was asked for.
    #[serde(default)]
    pub rules: FailureRules,
    /// The rule that the whole log puts in force.
    #[serde(default)]
    pub failure_rule: RuleInForce,
}

/// One level of detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// 0 is every fact; each further level is coarser.
    pub level: u8,
    /// Events one chunk of it covers.
    pub span: u64,
    /// Sealed chunks, numbered from 0.
    pub chunks: u64,
}

impl Manifest {
    /// A film to fill with what the manifest lists, judged as the whole run is.
    pub fn film(&self) -> Film {
        let mut film = Film::with_rules(self.rules);
        film.assume(self.failure_rule.rule);
        film
    }

    /// The manifest of a run whose log has `head` events; without rules.
    pub fn new(run: RunId, head: u64, steps: u64, paths: Vec<String>) -> Self {
        let of = |level| Level { level, span: span(level), chunks: head / span(level) };
        let coarser = (1..=u8::MAX).map(of).take_while(|l| l.chunks > 0);
        let levels = std::iter::once(of(0)).chain(coarser).collect();
        let (rules, failure_rule) = Default::default();
        Self { run, head, steps, paths, chunk_events: CHUNK, levels, rules, failure_rule }
    }
}
