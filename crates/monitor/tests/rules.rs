//! Rules in the words of people: which are refused and why, and where they fire.

use gauntlet_model::{
    Body, EpisodeId, Event, EventId, FailureRules, Score, ScoreAdded, ScoreTarget, Scores, SnapshotScored,
    Timestamp,
};
use gauntlet_monitor::{Evaluator, Expression, Firing, Setting};
use serde_json::json;

const SETTING: Setting = Setting { cooldown_secs: 0, rules: FailureRules::Auto };

fn event(step: u64, body: impl Into<Body>) -> Event {
    let at = Timestamp::from_micros(1_800_000_000_000_000 + step as i64 * 1_000_000);
    let episode = EpisodeId::new(format!("e{step}")).unwrap();
    Event::new(EventId::from_u128(u128::from(step)), at, Some(episode), Some(step), body).unwrap()
}

fn scored(step: u64, scores: &[(&str, f64)]) -> Event {
    let scores = Scores::new(scores.iter().copied()).unwrap();
    event(step, SnapshotScored { scores, ..SnapshotScored::default() })
}

/// The firings of a rule, as step and message.
fn firings(rule: &str, setting: Setting, events: &[Event]) -> Vec<(u64, String)> {
    let expression: Expression = rule.parse().unwrap();
    let mut evaluator = Evaluator::new(&expression);
    let fired = events.iter().filter_map(|event| evaluator.observe(&expression, setting, event));
    fired.map(|Firing { step, values, .. }| (step.unwrap(), values)).collect()
}

/// The steps at which a rule fires over values of `loss`, one a step.
fn steps(rule: &str, losses: &[f64]) -> Vec<u64> {
    let events: Vec<_> =
        (0..).zip(losses).map(|(step, loss)| scored(step, &[("metrics.loss", *loss)])).collect();
    firings(rule, SETTING, &events).into_iter().map(|(step, _)| step).collect()
}

#[test]
fn what_is_no_rule_is_refused_with_its_place_and_text() {
    for (rule, message) in [
        ("", "at character 1, the end: a condition is missing here, such as mean(loss, 20) > 3"),
        ("mean(loss, 20)", "at character 1, \"mean(loss, 20)\": this is a number; a rule has to compare it"),
        ("mean(loss) > 3", "at character 10, \")\": the number of values is missing, as in mean(loss, 50)"),
        ("mean(loss, 0) > 3", "at character 12, \"0\": must be a whole number from 1 to 1000"),
        ("mean(loss, 2.5) > 3", "at character 12, \"2.5\": must be a whole number from 1 to 1000"),
        ("mean(, 20) > 3", "at character 6, \",\": the path of a rubric or metric is needed here"),
        (
            "average(loss, 20) > 3",
            "at character 1, \"average\": is not a function; known are last, mean, min",
        ),
        ("mean loss > 3", "at character 6, \"loss\": mean needs brackets, as in mean(loss, 50)"),
        ("mean(loss, 20) > 3 last(kl)", "at character 20, \"last\": the rule should end here"),
        ("mean(loss, 20) > 1e999", "at character 18, \"1e999\": this is not a finite number"),
        ("mean(loss, 20) > isnan(kl)", "at character 18, \"isnan(kl)\": this is true or false"),
        ("mean(a..b, 20) > 3", "at character 6, \"a..b\": this is not the dotted path"),
        ("mean(\"loss, 20) > 3", "at character 6, \"\\\"loss, 20) > 3\": the quotes are not closed"),
        ("é > 3", "at character 1, \"é\": is not a function"),
        ("é ? 3", "at character 3, \"?\": this character has no meaning in a rule"),
        ("mean(loss, 20) > 3 ; rm", "at character 20, \";\": this character has no meaning in a rule"),
        ("(mean(loss, 20) > 3", "at character 20, the end: a closing bracket is missing here"),
        (
            "silent(300) and isnan(kl)",
            "at character 1, \"silent(300)\": silent(...) has to be a rule by itself",
        ),
        ("silent(0)", "at character 8, \"0\": must be a whole number from 1 to 86400"),
    ] {
        let refused = rule.parse::<Expression>().unwrap_err().to_string();
        assert!(refused.starts_with(message), "{rule}: {refused}");
    }
    let deep = format!("{}last(loss) > 1{}", "(".repeat(100), ")".repeat(100));
    assert!(deep.parse::<Expression>().unwrap_err().message.contains("inside of each other"));
    let long = format!("last(loss) > 1 {}", "or last(loss) > 1 ".repeat(60));
    assert!(long.parse::<Expression>().unwrap_err().message.contains("bytes long"));
}

#[test]
fn a_rule_fires_when_it_begins_to_hold() {
    assert_eq!(steps("last(loss) > 3", &[1.0, 4.0, 5.0, 2.0, 3.0, 9.0]), [1, 5]);
    // The window has to be full.
    assert_eq!(steps("mean(loss, 3) > 3", &[9.0, 9.0, 9.0, 9.0]), [2]);
    assert_eq!(steps("max(loss, 2) - min(loss, 2) >= 2", &[1.0, 2.0, 4.0, 4.0, 6.0]), [2, 4]);
    assert_eq!(
        steps("not last(loss) < 3 and (last(loss) < 5 or -last(loss) == -7)", &[1.0, 3.0, 6.0, 7.0]),
        [1, 3]
    );
    assert_eq!(steps("last(loss) / 2 > 2 * 1.5 + 1e-3", &[6.0, 6.1]), [1]);
    // What is never logged never fires.
    assert_eq!(steps("last(reward) < 3", &[1.0]), [0_u64; 0]);
}

#[test]
fn a_mean_at_the_limit_is_not_beyond_it() {
    // Three right answers of ten are 0.3 to the last bit, in whatever order they come.
    let rewards = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    for rule in ["mean(loss, 10) > 0.3", "mean(loss, 10) < 0.3"] {
        assert_eq!(steps(rule, &rewards), [0_u64; 0], "{rule}");
    }
    assert_eq!(steps("mean(loss, 10) == 0.1", &[0.1; 10]), [9]);
    let huge = [f64::MAX, f64::MAX, f64::MAX];
    assert_eq!(steps("mean(loss, 3) > 1e308", &huge), [2], "no sum overflows");
}

#[test]
fn a_z_score_compares_the_last_value_with_those_before_it() {
    let losses: Vec<f64> =
        (0..60).map(|i| if i == 55 { 9.0 } else { 2.0 + f64::from(i % 2) * 0.1 }).collect();
    assert_eq!(steps("zscore(loss, 50) > 3", &losses), [55]);
    // Where nothing has varied, any other value is infinitely far away.
    assert_eq!(steps("zscore(loss, 3) > 1000000", &[0.1, 0.1, 0.1, 0.1, 0.2]), [4]);
}

#[test]
fn the_message_repeats_what_was_computed() {
    let events: Vec<_> = (0..4).map(|i| scored(i, &[("loss", 3.25 * (i + 1) as f64), ("kl", 0.0)])).collect();
    let found = firings("mean(loss, 2) > 8 and last(kl) < 1", SETTING, &events);
    assert_eq!(found, [(2, "mean(loss, 2) = 8.125, last(kl) = 0".to_owned())]);
}

#[test]
fn the_cooldown_delays_what_begins_to_hold_again() {
    let values = [4.0, 1.0, 4.0, 4.0, 4.0, 1.0, 4.0];
    let events: Vec<_> = (0..).zip(values).map(|(step, v)| scored(step, &[("loss", v)])).collect();
    let at = |cooldown_secs| {
        let found = firings("last(loss) > 3", Setting { cooldown_secs, ..SETTING }, &events);
        found.into_iter().map(|(step, _)| step).collect::<Vec<_>>()
    };
    assert_eq!(at(0), [0, 2, 6]);
    // It holds again at 2, and still when the cooldown is over.
    assert_eq!(at(3), [0, 3, 6]);
    assert_eq!(at(1000), [0]);
}

#[test]
fn what_was_not_evaluated_is_nan_and_a_gap_in_a_window() {
    let skipped = |step| {
        event(step, SnapshotScored { not_evaluated: vec!["kl".to_owned()], ..SnapshotScored::default() })
    };
    let events = [scored(0, &[("kl", 4.0)]), skipped(1), skipped(2), scored(3, &[("kl", 6.0)]), skipped(4)];
    let at = |rule| firings(rule, SETTING, &events).into_iter().map(|(step, _)| step).collect::<Vec<_>>();
    assert_eq!(at("isnan(kl)"), [1, 4]);
    assert_eq!(at("mean(kl, 2) == 5"), [3]);
}

#[test]
fn later_scores_count_as_well() {
    let later = |step, value| {
        let value = Score::new(value).unwrap();
        let (path, source) = ("metrics.loss".to_owned(), "trainer".to_owned());
        let target = ScoreTarget::Step;
        event(step, ScoreAdded { target, path, value, label: None, explanation: None, source })
    };
    let events = [later(0, 1.0), later(1, 5.0)];
    assert_eq!(firings("last(loss) > 3", SETTING, &events).len(), 1);
    assert_eq!(firings("last(metrics.loss) > 3", SETTING, &events).len(), 1);
    assert_eq!(firings("last(\"metrics.loss\") > 3", SETTING, &events).len(), 1);
}

#[test]
fn failing_steps_are_judged_by_the_rule_of_the_run() {
    let events: Vec<_> = (0..10).map(|i| scored(i, &[("root", if i < 5 { 0.9 } else { 0.1 })])).collect();
    let at = |rules| {
        let found = firings("share(failing, 4) > 0.5", Setting { rules, ..SETTING }, &events);
        found.into_iter().map(|(step, _)| step).collect::<Vec<_>>()
    };
    assert_eq!(at(FailureRules::Auto), [7]);
    assert_eq!(at(FailureRules::RootBelow(0.0)), [0_u64; 0]);
    assert_eq!(at(FailureRules::RootBelow(1.0)), [3]);
}

#[test]
fn groups_tie_where_all_their_rewards_are_the_same() {
    let rollout = |step: u64, group: u64, root: f64| {
        let metadata = json!({"group": group}).as_object().cloned().unwrap();
        event(
            step,
            SnapshotScored { scores: Scores::new([("root", root)]).unwrap(), metadata, ..Default::default() },
        )
    };
    let mut events = Vec::new();
    for step in 0..6 {
        for rank in 0..4 {
            // From step 2 on, both groups of a step tie.
            let root = if step < 2 { f64::from(rank) } else { 1.0 };
            events.push(rollout(step, 7, root));
            events.push(rollout(step, 8, root));
        }
        // A rollout alone is not a group.
        events.push(rollout(step, 9, 0.0));
    }
    let found = firings("share(tied_groups, 4) >= 1", SETTING, &events);
    // Step 3 is complete with the first rollout of step 4.
    assert_eq!(found, [(4, "share(tied_groups, 4) = 1".to_owned())]);
}

#[test]
fn silence_is_measured_by_a_clock_and_not_by_events() {
    let rule: Expression = " silent(300) ".parse().unwrap();
    assert_eq!((rule.silence_secs(), rule.as_str()), (Some(300), "silent(300)"));
    assert_eq!(firings("silent(1)", SETTING, &[scored(0, &[("root", 1.0)])]), []);
    assert_eq!("isnan(kl)".parse::<Expression>().unwrap().silence_secs(), None);
}
