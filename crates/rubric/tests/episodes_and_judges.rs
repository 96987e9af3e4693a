//! Rubrics that score episodes, and rubrics that ask a language model.

use std::sync::Arc;

use gauntlet_rubric::{
    ExponentialDiscounting, JudgeError, LlmJudge, Node, Outcome, RubricError, Trajectory, first_number,
};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::json;

/// Done when the action asks for it; scores the number of steps.
#[derive(Clone, Copy)]
struct Steps;

impl Outcome<u32, bool> for Steps {
    fn is_done(&self, observation: &bool) -> bool {
        *observation
    }
    fn score(&self, trajectory: &[(u32, bool)]) -> f64 {
        trajectory.len() as f64
    }
}

#[test]
fn a_trajectory_is_scored_when_it_is_done() {
    let rubric = Arc::new(Trajectory::new(Steps, 0.25));
    let tree = Node::new(Arc::clone(&rubric));
    assert_eq!(
        [tree.call(&1, &false), tree.call(&2, &false), tree.call(&3, &true)],
        [Ok(0.25), Ok(0.25), Ok(3.0)]
    );
    assert_eq!(rubric.steps(), [(1, false), (2, false), (3, true)]);
    tree.reset();
    assert!(rubric.steps().is_empty());
    assert_eq!(tree.call(&1, &true), Ok(1.0));
    assert_eq!(json!(tree.state_dict()), json!({"intermediate_reward": 0.25}));
}

#[test]
fn discounting_gives_the_last_steps_the_most() {
    let rewards = |gamma: f64, steps: u32| {
        let rubric = Arc::new(ExponentialDiscounting::new(Steps, gamma, 0.0).unwrap());
        let tree = Node::new(Arc::clone(&rubric));
        (0..steps).for_each(|step| drop(tree.call(&step, &(step + 1 == steps))));
        rubric.step_rewards()
    };
    assert_eq!(rewards(0.5, 3), [0.75, 1.5, 3.0]);
    assert_eq!(rewards(1.0, 3), [3.0, 3.0, 3.0]);
    assert_eq!(rewards(0.0, 3), [0.0, 0.0, 3.0]);
    assert!(rewards(0.99, 0).is_empty());
    for bad in [-0.1, 1.1, f64::NAN] {
        let refused = ExponentialDiscounting::<u32, bool, _>::new(Steps, bad, 0.0);
        assert!(matches!(refused, Err(RubricError::Range { name: "gamma", .. })));
    }
    let tree = Node::new(ExponentialDiscounting::<u32, bool, _>::new(Steps, 0.99, 0.0).unwrap());
    assert_eq!(tree.tweak(json!({"gamma": 1.5}).as_object().unwrap()).unwrap_err().field, "gamma");
    assert_eq!(json!(tree.state_dict()), json!({"intermediate_reward": 0.0, "gamma": 0.99}));
}

fn judge(reply: &'static str) -> LlmJudge<impl Fn(&str) -> Result<String, JudgeError> + Send + Sync> {
    LlmJudge::new("{action}", move |_: &str| Ok(reply.to_owned())).unwrap()
}

#[test]
fn the_first_number_counts_clamped() {
    for (reply, score) in [
        ("8/10", 1.0),
        ("0.7", 0.7),
        ("Score: 0.25.", 0.25),
        (".5", 1.0),
        ("-3", 1.0),
        ("0", 0.0),
        ("1e-3", 1.0),
        ("7. Good", 1.0),
        ("0.5.9", 0.5),
        ("no number", 0.0),
        ("", 0.0),
        ("½", 0.0),
    ] {
        assert_eq!(Node::<str, str>::new(judge(reply)).call("a", "o"), Ok(score), "{reply}");
    }
    assert_eq!(judge("8/10").unclamped().score_of("8/10"), 8.0);
    assert_eq!(judge("").or_default(0.5).score_of("none"), 0.5);
    assert_eq!(judge("").or_default(-2.0).score_of("none"), -2.0, "the default is not clamped");
    assert_eq!(judge("").score_of(&"9".repeat(400)), 1.0);
    let last_word = |reply: &str| reply.split(' ').next_back()?.parse().ok();
    assert_eq!(judge("").reading(last_word).score_of("of 10 I give 0.3"), 0.3);
}

#[test]
fn the_template_is_filled_once() {
    let prompts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&prompts);
    let client = move |prompt: &str| {
        seen.lock().push(prompt.to_owned());
        Ok("1".to_owned())
    };
    let tree: Node<str, str> =
        Node::new(LlmJudge::new("{{json}} {action} on {observation}, {action}", client).unwrap());
    tree.call("{observation}", "seen").unwrap();
    assert_eq!(prompts.lock()[0], "{json} {observation} on seen, {observation}");
    for bad in ["{", "}", "{reward}", "{action", "{}", "a } b"] {
        assert!(
            matches!(LlmJudge::new(bad, |_: &str| Ok(String::new())), Err(RubricError::Template(_))),
            "{bad}"
        );
        assert!(tree.tweak(json!({ "prompt_template": bad }).as_object().unwrap()).is_err(), "{bad}");
    }
    tree.tweak(json!({"prompt_template": "Rate {action}", "normalize": false}).as_object().unwrap()).unwrap();
    tree.call("x", "seen").unwrap();
    assert_eq!(prompts.lock()[1], "Rate x");
}

#[test]
fn a_judge_that_cannot_be_reached_fails_the_call() {
    let tree: Node<str, str> =
        Node::new(LlmJudge::new("{action}", |_: &str| Err("timed out".into())).unwrap());
    assert_eq!(tree.call("a", "o"), Err(RubricError::Failed("the judge failed: timed out".to_owned())));
}

proptest! {
    #[test]
    fn any_reply_gives_a_score_in_range(reply in ".*") {
        let score = judge("").score_of(&reply);
        prop_assert!((0.0..=1.0).contains(&score));
        prop_assert_eq!(first_number(&reply).is_some(), reply.bytes().any(|b| b.is_ascii_digit()));
    }

    #[test]
    fn any_template_is_filled_or_refused(template in "[{}a-z ]{0,20}") {
        let _ = LlmJudge::new(template, |_: &str| Ok(String::new()));
    }
}
