//! One rule, evaluated over the events of one run.

use gauntlet_film::{Evidence, failure_of};
use gauntlet_model::{Body, Event, FailureRules, ScoreAdded, ScoreTarget, SnapshotScored, Timestamp};
use serde::{Deserialize, Serialize};

use crate::evaluate::{self, Window};
use crate::expression::{Expression, Source};
use crate::groups::OpenGroups;

/// What a rule needs to know beside the events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Least seconds between two firings, by the times of the events.
    pub cooldown_secs: u32,
    /// Which steps of the run fail, as it was asked for.
    pub rules: FailureRules,
}

/// A rule began to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// The step of the event that decided it.
    pub step: Option<u64>,
    /// The time of that event, by its producer's clock.
    pub at: Timestamp,
    /// What the functions of the rule computed, such as `mean(loss, 20) = 3.2`; empty for `isnan`.
    pub values: String,
}

/// The state of a rule in one run. It is a value: stored and read back, it goes on as if nothing had been.
///
/// A rule fires when it begins to hold, and not again before it has ceased to hold and the cooldown has
/// passed. A rule that begins to hold again during the cooldown, and still holds when that is over, fires
/// then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluator {
    windows: Vec<Window>,
    /// Whether the rule has not fired since it last ceased to hold.
    is_armed: bool,
    fired_at: Option<Timestamp>,
    /// What the scores so far tell about the run's failure rule.
    evidence: u8,
    groups: OpenGroups,
}

impl Evaluator {
    /// The state before the first event of a run.
    pub fn new(expression: &Expression) -> Self {
        Self {
            windows: vec![Window::default(); expression.inputs.len()],
            is_armed: true,
            fired_at: None,
            evidence: 0,
            groups: OpenGroups::default(),
        }
    }

    /// Takes the next event of the log without deciding anything: one from before the rule was saved.
    pub fn warm_up(&mut self, expression: &Expression, setting: Setting, event: &Event) {
        self.take(expression, setting, event);
    }

    /// Takes the next event of the log.
    pub fn observe(&mut self, expression: &Expression, setting: Setting, event: &Event) -> Option<Firing> {
        if !self.take(expression, setting, event) {
            return None;
        }
        match evaluate::decide(&expression.condition, &self.windows)? {
            false => {
                self.is_armed = true;
                None
            }
            true if self.is_armed && self.is_cool(setting, event.at()) => {
                self.is_armed = false;
                self.fired_at = Some(event.at());
                let values = evaluate::describe(&expression.condition, &self.windows);
                Some(Firing { step: event.step(), at: event.at(), values })
            }
            true => None,
        }
    }

    fn is_cool(&self, setting: Setting, at: Timestamp) -> bool {
        let cooldown = i64::from(setting.cooldown_secs) * 1_000_000;
        self.fired_at.is_none_or(|fired| at.micros().saturating_sub(fired.micros()) >= cooldown)
    }

    /// Puts the values of an event into the windows. Whether there were any.
    fn take(&mut self, expression: &Expression, setting: Setting, event: &Event) -> bool {
        match event.body() {
            Body::SnapshotScored(snapshot) => self.take_snapshot(expression, setting, event.step(), snapshot),
            Body::ScoreAdded(added) if added.target == ScoreTarget::Step => {
                self.take_score(expression, added)
            }
            _ => false,
        }
    }

    fn take_snapshot(
        &mut self,
        expression: &Expression,
        setting: Setting,
        step: Option<u64>,
        snapshot: &SnapshotScored,
    ) -> bool {
        let evidence = Evidence::of(&snapshot.scores, &snapshot.not_evaluated);
        self.evidence = Evidence::from_bits(self.evidence).join(evidence).bits();
        let mut has_changed = false;
        for (input, window) in expression.inputs.iter().zip(&mut self.windows) {
            let mut push = |value| {
                window.push(value, input.length);
                has_changed = true;
            };
            match &input.source {
                Source::Path(path) => {
                    if let Some((_, value)) = snapshot.scores.iter().find(|(name, _)| is_named(path, name)) {
                        push(Some(value));
                    } else if snapshot.not_evaluated.iter().any(|name| is_named(path, name)) {
                        push(None);
                    }
                }
                Source::Failing => {
                    let rule = Evidence::from_bits(self.evidence).rule(setting.rules);
                    let declared = snapshot.failures.iter().copied();
                    let fails = failure_of(rule, snapshot.scores.iter(), declared).is_some();
                    push(Some(f64::from(u8::from(fails))));
                }
                Source::TiedGroups => {
                    let ties = step.map(|step| self.groups.push(step, snapshot)).unwrap_or_default();
                    ties.into_iter().for_each(|is_tied| push(Some(f64::from(u8::from(is_tied)))));
                }
            }
        }
        has_changed
    }

    fn take_score(&mut self, expression: &Expression, added: &ScoreAdded) -> bool {
        let evidence = Evidence::of_later(&added.path, added.value.get());
        self.evidence = Evidence::from_bits(self.evidence).join(evidence).bits();
        let mut has_changed = false;
        for (input, window) in expression.inputs.iter().zip(&mut self.windows) {
            if matches!(&input.source, Source::Path(path) if is_named(path, &added.path)) {
                window.push(Some(added.value.get()), input.length);
                has_changed = true;
            }
        }
        has_changed
    }
}

/// Whether a rule that reads `path` reads the score `name`: the path itself, or the metric of that name.
fn is_named(path: &str, name: &str) -> bool {
    name == path || name.strip_prefix("metrics.") == Some(path)
}
