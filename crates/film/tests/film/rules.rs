//! The thresholds, line by line.

use gauntlet_film::{Condition, Rule, Rules, failure_of};
use gauntlet_model::FailureKind::{self, *};
use gauntlet_model::FailureRule;

fn check(path: &str, value: f64, expect: Option<FailureKind>) {
    assert_eq!(Rules::default().judge(path, value), expect, "{path} {value}");
}

#[test]
fn every_line_of_the_live_failure_flags() {
    check("grounding", -20.0, Some(Hallucination));
    check("grounding", -19.9, None);
    check("format", 0.0, Some(Format));
    check("format", -1.0, Some(Format));
    check("format", 0.1, None);
    check("inconsistency", -15.0, Some(Inconsistency));
    check("inconsistency", -14.9, None);
    check("refusal", 0.1, Some(Refusal));
    check("refusal", 0.0, None);
    check("refusal", -5.0, None);
}

#[test]
fn a_rule_names_every_path_that_ends_in_it() {
    check("a.format", 0.0, Some(Format));
    check("a.b.format", 0.0, Some(Format));
    check("reformat", 0.0, None);
    check("format.a", 0.0, None);
}

#[test]
fn what_no_rule_names_fails_below_zero() {
    check("style", -0.1, Some(Generic));
    check("style", 0.0, None);
    check("style", -0.0, None);
    check("root", -1.0, Some(Generic));
    check("root", 1.0, None);
}

#[test]
fn a_measurement_is_neither_good_nor_bad() {
    check("metrics.loss", -0.5, None);
    check("metrics", -1.0, None);
    check("metrics.rewards.format", 0.0, None);
    check("metricsloss", -0.5, Some(Generic));
    let named = Rule { path: "metrics.kl".to_owned(), when: Condition::Above(1.0), failure: Generic };
    assert_eq!(Rules(vec![named]).judge("metrics.kl", 2.0), Some(Generic));
}

#[test]
fn a_missing_score_is_no_failure_and_the_most_severe_wins() {
    let of = |pairs: &[(&str, f64)], declared: &[FailureKind]| {
        failure_of(FailureRule::Dipg, pairs.iter().copied(), declared.iter().copied())
    };
    assert_eq!(of(&[], &[]), None);
    assert_eq!(of(&[("root", 3.0)], &[]), None);
    assert_eq!(of(&[("root", 3.0), ("format", 0.0)], &[]), Some(Format), "whatever the root's sign");
    assert_eq!(of(&[("root", -3.0), ("refusal", 1.0), ("grounding", -20.0)], &[]), Some(Hallucination));
    assert_eq!(of(&[("root", -3.0)], &[Refusal]), Some(Refusal));
    assert_eq!(of(&[("grounding", -50.0)], &[Generic]), Some(Hallucination));
}

#[test]
fn several_rules_may_name_one_path() {
    let rule = |when, failure| Rule { path: "format".to_owned(), when, failure };
    let rules = Rules(vec![rule(Condition::Below(0.5), Generic), rule(Condition::AtMost(0.0), Format)]);
    assert_eq!(rules.judge("format", 0.0), Some(Format));
    assert_eq!(rules.judge("format", 0.2), Some(Generic));
    assert_eq!(rules.judge("format", 0.5), None);
}

#[test]
fn as_json() {
    let text = concat!(
        r#"[{"path":"grounding","when":{"at_most":-20.0},"failure":"hallucination"},"#,
        r#"{"path":"format","when":{"at_most":0.0},"failure":"format"},"#,
        r#"{"path":"inconsistency","when":{"at_most":-15.0},"failure":"inconsistency"},"#,
        r#"{"path":"refusal","when":{"above":0.0},"failure":"refusal"}]"#,
    );
    assert_eq!(serde_json::to_string(&Rules::default()).unwrap(), text);
    assert_eq!(serde_json::from_str::<Rules>(text).unwrap(), Rules::default());
    assert!(serde_json::from_str::<Rules>(r#"[{"path":"a","when":{"near":1},"failure":"format"}]"#).is_err());
}
