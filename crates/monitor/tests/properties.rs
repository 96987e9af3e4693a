//! Windows against a naive computation, and a rule whose state is stored between any two events.

use gauntlet_model::{Event, EventId, FailureRules, Scores, SnapshotScored, Timestamp};
use gauntlet_monitor::{Evaluator, Expression, Setting};
use proptest::prelude::*;

fn event(step: u64, loss: Option<f64>) -> Event {
    let at = Timestamp::from_micros(1_800_000_000_000_000 + step as i64 * 1_000_000);
    let scores = Scores::new(loss.map(|loss| ("loss", loss))).unwrap();
    let not_evaluated = if loss.is_none() { vec!["loss".to_owned()] } else { Vec::new() };
    let body = SnapshotScored { scores, not_evaluated, ..SnapshotScored::default() };
    Event::new(EventId::from_u128(u128::from(step)), at, None, Some(step), body).unwrap()
}

fn losses() -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::weighted(0.8, (-40_i32..40).prop_map(|n| f64::from(n) / 4.0)), 0..60)
}

/// How many evaluated values the function reads.
fn needed(function: &str, length: usize) -> usize {
    if function == "zscore" { length + 1 } else { length }
}

fn is_full(function: &str, length: usize, values: &[Option<f64>]) -> bool {
    values.iter().flatten().count() >= needed(function, length)
}

/// Whether `function(loss, length) > limit` holds after these values, computed from all of them. `None`: the
/// window is not full, or the value is too close to the limit to call.
fn naive(function: &str, length: usize, limit: f64, values: &[Option<f64>]) -> Option<bool> {
    let evaluated: Vec<f64> = values.iter().flatten().copied().collect();
    let last = evaluated.last().copied()?;
    let window = evaluated.get(evaluated.len().checked_sub(needed(function, length))?..)?;
    let base = if function == "zscore" { &window[..length] } else { window };
    // The values are quarters: their sum is exact.
    let mean = base.iter().sum::<f64>() / length as f64;
    let std = (base.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / length as f64).sqrt();
    let value = match function {
        "mean" => mean,
        "std" => std,
        "min" => base.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => base.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "share" => base.iter().filter(|v| **v != 0.0).count() as f64 / length as f64,
        _ if base.iter().all(|v| *v == last) => 0.0,
        _ => (last - mean) / std,
    };
    // Squares and roots round differently in the two ways: what is too close to call decides nothing.
    let is_exact = !matches!(function, "std" | "zscore");
    (is_exact || (value - limit).abs() > 1e-9).then_some(value > limit)
}

proptest! {
    #[test]
    fn a_window_is_what_a_naive_computation_says(
        values in losses(),
        function in prop::sample::select(vec!["mean", "std", "min", "max", "share", "zscore"]),
        length in 1_usize..20,
        limit in (-8_i32..8).prop_map(|n| f64::from(n) / 3.0),
    ) {
        let rule: Expression = format!("{function}(loss, {length}) > {limit}").parse().unwrap();
        let setting = Setting { cooldown_secs: 0, rules: FailureRules::Auto };
        let mut evaluator = Evaluator::new(&rule);
        let mut is_armed = true;
        for (step, loss) in values.iter().enumerate() {
            let fired = evaluator.observe(&rule, setting, &event(step as u64, *loss)).is_some();
            match naive(function, length, limit, &values[..=step]) {
                Some(holds) => {
                    prop_assert_eq!(fired, holds && is_armed, "step {}", step);
                    is_armed = !holds;
                }
                None if is_full(function, length, &values[..=step]) => return Ok(()),
                None => prop_assert!(!fired, "step {}: the window is not full", step),
            }
        }
    }

    #[test]
    fn a_state_that_is_stored_and_read_back_goes_on_the_same(
        values in losses(),
        cuts in prop::collection::btree_set(0_usize..60, 0..6),
        cooldown_secs in 0_u32..6,
    ) {
        let rule: Expression =
            "zscore(loss, 4) > 1 or isnan(loss) or share(failing, 3) > 0.5 or share(tied_groups, 2) > 0.4"
                .parse().unwrap();
        let setting = Setting { cooldown_secs, rules: FailureRules::RootBelow(0.0) };
        let (mut direct, mut restarted) = (Evaluator::new(&rule), Evaluator::new(&rule));
        for (step, loss) in values.iter().enumerate() {
            if cuts.contains(&step) {
                restarted = serde_json::from_str(&serde_json::to_string(&restarted).unwrap()).unwrap();
            }
            let event = event(step as u64 / 2, *loss);
            let (a, b) = (direct.observe(&rule, setting, &event), restarted.observe(&rule, setting, &event));
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,80}", rule in "[a-z(),.0-9<>=!&|\" +*/-]{0,60}") {
        drop(text.parse::<Expression>());
        drop(rule.parse::<Expression>());
    }

    #[test]
    fn a_parsed_rule_is_read_again_the_same(length in 1_usize..1000, limit in -1e6_f64..1e6) {
        let text = format!("mean(a.b, {length}) > {limit} and not isnan(\"c d\")");
        let rule: Expression = text.parse().unwrap();
        prop_assert_eq!(&rule, &rule.to_string().parse::<Expression>().unwrap());
    }
}
