//! Effects: the defaults as everybody reads them, and what is refused with which words.

use gauntlet_model::EffectSet;

#[test]
fn the_defaults_are_written_and_read_as_in_their_golden() {
    let set = EffectSet::default();
    set.check().unwrap();
    let text = format!("{}\n", set.to_json());
    super::check("effects.json", &text);
    assert_eq!(EffectSet::from_json(&text), Ok(set));
}

#[test]
fn what_is_wrong_is_named_with_its_value() {
    let check = |effect: &str, sentence: &str| {
        let text = format!(r#"{{"effects":[{effect}]}}"#);
        let error = EffectSet::from_json(&text).expect_err(effect).to_string();
        assert!(error.starts_with(sentence), "{effect}: {error}");
    };
    let with = |rubric: &str, when: &str, size: &str| {
        format!(r#"{{"rubric":"{rubric}","when":{when},"shape":"glow","color":"blue","size":{size}}}"#)
    };
    check(&with("a", r#"{"below":1}"#, "9"), "effects[0].size: is 9; it must be 0.25 to 4");
    check(&with("", r#"{"below":1}"#, "1"), "effects[0].rubric: must not be empty");
    check(
        &with("a", r#"{"below":"x"}"#, "1"),
        "effects: invalid type: string \"x\", expected f64 at line 1 column 45",
    );
    check(&with("a", r#"{"lower":1}"#, "1"), "effects: unknown variant `lower`");
    check(
        &with("a", r#"{"falling":{"over":1,"by":1}}"#, "1"),
        "effects[0].when.falling.over: is 1; it must be 2 to 64",
    );
    check(
        &with("a", r#"{"falling":{"over":8,"by":0}}"#, "1"),
        "effects[0].when.falling.by: is 0; it must be a finite number above 0",
    );
    check(
        &with("a", r#"{"disagreement":{"from":"","by":1}}"#, "1"),
        "effects[0].when.disagreement.from: must not be empty",
    );
    check(&with("a", r#"{"failure":"format"}"#, "1"), "effects[0].rubric: is \"a\"");
    check(
        r#"{"when":"failing","shape":"glow","color":"blue"}"#,
        "effects[0].rubric: is missing; name a rubric, or *",
    );
    check(
        r#"{"rubric":"a","when":"failing","shape":"cube","color":"blue"}"#,
        "effects: unknown variant `cube`",
    );
    let many = format!(r#"{{"effects":[{}]}}"#, vec![with("a", r#""failing""#, "1"); 33].join(","));
    let error = EffectSet::from_json(&many).unwrap_err().to_string();
    assert_eq!(error, "effects: has 33 effects; at most 32 are allowed");
    assert!(EffectSet::from_json("[]").is_err() && EffectSet::from_json("").is_err());
    assert!(EffectSet::from_json(r#"{"effects":[]} x"#).is_err());
}
