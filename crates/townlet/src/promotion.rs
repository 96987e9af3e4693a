//! When a policy may be promoted: after windows of ticks without a disallowed alert.

use gauntlet_townlet_dto::stability::{
    Alert, PromotionChange, PromotionPhase, PromotionState, PromotionWindow, Release, WindowResult,
};
use serde::{Deserialize, Serialize};

/// Ticks of a window.
pub const WINDOW_TICKS: u64 = 1000;
/// Windows that have to pass in a row.
pub const REQUIRED_PASSES: u32 = 2;
/// Changes that are remembered.
pub const MAX_HISTORY: usize = 50;
/// The alerts that fail a window. The others are of the town and not of its policy.
pub const DISALLOWED: [Alert; 5] = [
    Alert::QueueFairnessPressure,
    Alert::StarvationSpike,
    Alert::OptionThrashing,
    Alert::RewardVarianceSpike,
    Alert::EmploymentExitQueueOverflow,
];

/// A promotion or a rollback that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too few windows have passed.
    #[error("no candidate is ready: {passed} of {REQUIRED_PASSES} windows have passed in a row")]
    NotReady {
        /// How many have.
        passed: u32,
    },
    /// Nothing was promoted.
    #[error("nothing was promoted, so there is nothing to go back to")]
    NothingPromoted,
}

/// The promotion of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    state: PromotionState,
    window_start: u64,
    is_failed: bool,
}

impl Promotion {
    /// The promotion of what follows on `initial`.
    pub fn new(initial: Release) -> Self {
        let state = PromotionState {
            state: PromotionPhase::Monitoring,
            pass_streak: 0,
            required_passes: REQUIRED_PASSES,
            candidate_ready: false,
            candidate_ready_tick: None,
            last_result: None,
            last_evaluated_tick: None,
            current_release: initial.clone(),
            initial_release: initial,
            candidate: None,
            history: Vec::new(),
        };
        Self { state, window_start: 0, is_failed: false }
    }

    /// Reads the alerts of a tick.
    pub fn follow(&mut self, tick: u64, alerts: &[Alert]) {
        self.is_failed |= alerts.iter().any(|alert| DISALLOWED.contains(alert));
        if tick < self.window_start + WINDOW_TICKS {
            return;
        }
        let result = if self.is_failed { WindowResult::Fail } else { WindowResult::Pass };
        self.state.pass_streak = if self.is_failed { 0 } else { self.state.pass_streak + 1 };
        self.state.last_result = Some(result);
        self.state.last_evaluated_tick = Some(tick);
        let is_ready = self.state.pass_streak >= REQUIRED_PASSES;
        if is_ready && !self.state.candidate_ready {
            self.state.candidate_ready_tick = Some(tick);
        }
        if !is_ready {
            self.state.candidate_ready_tick = None;
        }
        self.state.candidate_ready = is_ready;
        if self.state.state != PromotionPhase::Promoted {
            self.state.state = if is_ready { PromotionPhase::Ready } else { PromotionPhase::Monitoring };
        }
        self.note(tick, if self.is_failed { "window_fail" } else { "window_pass" }, None);
        self.window_start = tick;
        self.is_failed = false;
    }

    /// Releases a candidate.
    ///
    /// # Errors
    ///
    /// [`Refused::NotReady`] before enough windows have passed.
    pub fn promote(&mut self, tick: u64, candidate: Release) -> Result<(), Refused> {
        if !self.state.candidate_ready {
            return Err(Refused::NotReady { passed: self.state.pass_streak });
        }
        self.state.state = PromotionPhase::Promoted;
        self.state.current_release = candidate.clone();
        self.state.candidate = None;
        self.begin_anew();
        self.note(tick, "promoted", Some(candidate));
        Ok(())
    }

    /// Goes back to the first release.
    ///
    /// # Errors
    ///
    /// [`Refused::NothingPromoted`] where that is in force already.
    pub fn roll_back(&mut self, tick: u64) -> Result<(), Refused> {
        if self.state.state != PromotionPhase::Promoted {
            return Err(Refused::NothingPromoted);
        }
        self.state.state = PromotionPhase::Monitoring;
        self.state.current_release = self.state.initial_release.clone();
        self.begin_anew();
        self.note(tick, "rolled_back", Some(self.state.initial_release.clone()));
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.state.pass_streak = 0;
        self.state.candidate_ready = false;
        self.state.candidate_ready_tick = None;
    }

    fn note(&mut self, tick: u64, event: &str, release: Option<Release>) {
        self.state.history.push(PromotionChange { tick, event: event.to_owned(), release });
        if self.state.history.len() > MAX_HISTORY {
            self.state.history.remove(0);
        }
    }

    /// The promotion as a whole.
    pub fn state(&self) -> &PromotionState {
        &self.state
    }

    /// The window that runs.
    pub fn window(&self) -> PromotionWindow {
        PromotionWindow {
            window_start: self.window_start,
            window_end: self.window_start + WINDOW_TICKS,
            window_ticks: WINDOW_TICKS,
            pass_streak: self.state.pass_streak,
            required_passes: REQUIRED_PASSES,
            candidate_ready: self.state.candidate_ready,
            last_result: self.state.last_result,
            last_evaluated_tick: self.state.last_evaluated_tick,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(name: &str) -> Release {
        Release { config_id: name.to_owned(), policy_hash: None }
    }

    /// A promotion that has read ticks 1 to `ticks`, with `alert` at one of them.
    fn after(ticks: u64, alert: Option<(u64, Alert)>) -> Promotion {
        let mut promotion = Promotion::new(release("first"));
        for tick in 1..=ticks {
            let alerts: Vec<Alert> = alert.iter().filter(|(at, _)| *at == tick).map(|(_, a)| *a).collect();
            promotion.follow(tick, &alerts);
        }
        promotion
    }

    #[test]
    fn two_windows_in_a_row_make_a_candidate_ready() {
        assert!(!after(1999, None).state().candidate_ready);
        let ready = after(2000, None);
        assert_eq!(
            (ready.state().state, ready.state().candidate_ready_tick),
            (PromotionPhase::Ready, Some(2000))
        );
    }

    #[test]
    fn a_disallowed_alert_fails_its_window_and_an_allowed_one_does_not() {
        let failed = after(2000, Some((1500, Alert::StarvationSpike)));
        assert_eq!((failed.state().pass_streak, failed.state().last_result), (0, Some(WindowResult::Fail)));
        assert!(after(2000, Some((1500, Alert::LatenessSpike))).state().candidate_ready);
    }

    #[test]
    fn a_release_is_promoted_and_rolled_back() {
        let mut early = after(1000, None);
        assert_eq!(early.promote(1000, release("second")), Err(Refused::NotReady { passed: 1 }));
        assert_eq!(early.roll_back(1000), Err(Refused::NothingPromoted));
        let mut promotion = after(2000, None);
        promotion.promote(2001, release("second")).unwrap();
        assert_eq!(promotion.state().current_release, release("second"));
        assert_eq!(promotion.promote(2002, release("third")), Err(Refused::NotReady { passed: 0 }));
        promotion.roll_back(2003).unwrap();
        assert_eq!(promotion.state().current_release, release("first"));
        let events: Vec<&str> =
            promotion.state().history.iter().map(|change| change.event.as_str()).collect();
        assert_eq!(events, ["window_pass", "window_pass", "promoted", "rolled_back"]);
    }

    #[test]
    fn the_history_is_bounded() {
        let promotion = after(WINDOW_TICKS * (MAX_HISTORY as u64 + 1), None);
        assert_eq!(promotion.state().history.len(), MAX_HISTORY);
        assert_eq!(promotion.state().history[0].tick, 2 * WINDOW_TICKS);
    }
}
