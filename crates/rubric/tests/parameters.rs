//! Declared parameters of a tree, and the text rubrics that have them.

use gauntlet_rubric::{LengthPenalty, Node, RepetitionPenalty, gate, leaf, sequential};
use serde_json::json;

type Tree = Node<str, str>;

#[test]
fn parameters_are_declared_typed_and_changed_all_or_none() {
    let tree = sequential(vec![
        gate(leaf(|_: &str, _: &str| 0.6), 0.5).unwrap(),
        Node::new(LengthPenalty::default()),
    ]);
    let state = json!({"rubric_0.threshold": 0.5, "rubric_1.max_words": 450.0, "rubric_1.penalty": -10.0});
    assert_eq!(json!(tree.state_dict()), state);
    let tweak = |parameters: serde_json::Value| tree.tweak(parameters.as_object().unwrap());
    for (bad, field) in [
        (json!({"rubric_0.threshold": 0.7, "rubric_1.max_words": -1}), "rubric_1.max_words"),
        (json!({"rubric_0.threshold": 0.7, "penalty": 1}), "penalty"),
        (json!({"rubric_0.threshold": "0.7"}), "rubric_0.threshold"),
        (json!({"rubric_0.threshold": null}), "rubric_0.threshold"),
        (json!({"rubric_9.threshold": 1}), "rubric_9.threshold"),
    ] {
        assert_eq!(tweak(bad).unwrap_err().field, field);
        assert_eq!(json!(tree.state_dict()), state, "nothing half-applied");
    }
    tweak(json!({"rubric_0.threshold": 0.7})).unwrap();
    assert_eq!(tree.evaluate("a", "o").get("rubric_0"), Some(0.0));
    let mut saved = tree.state_dict();
    saved.insert("rubric_5.gone".to_owned(), json!(1));
    saved.insert("rubric_0.threshold".to_owned(), json!(0.2));
    assert_eq!(tree.load_state_dict(&saved).unwrap(), ["rubric_5.gone"]);
    assert_eq!(json!(tree.state_dict())["rubric_0.threshold"], 0.2);
    saved.insert("rubric_1.penalty".to_owned(), json!(true));
    assert_eq!(tree.load_state_dict(&saved).unwrap_err().field, "rubric_1.penalty");
}

#[test]
fn text_rubrics_hold_back_rambling_and_loops() {
    let length: Tree = Node::new(LengthPenalty::default());
    assert_eq!(length.call(&"word ".repeat(450), "o"), Ok(0.0));
    assert_eq!(length.call(&"word ".repeat(451), "o"), Ok(-10.0));
    let repeats: Tree = Node::new(RepetitionPenalty::default());
    let (short, long) = ("123456789012345", "1234567890123456");
    assert_eq!(repeats.call(&format!("{short}\n{short}"), "o"), Ok(0.0));
    assert_eq!(repeats.call(&format!("{long}\nx\n  {long} "), "o"), Ok(-5.0));
    assert_eq!(repeats.call(&format!("{long}\n{long}7"), "o"), Ok(0.0));
    assert_eq!(repeats.call("", "o"), Ok(0.0));
}
