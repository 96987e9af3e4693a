//! Names that repeat: columns of one name, keys of one name in an object. Each value is kept, and the notes
//! say under which name.

mod common;

use std::sync::Arc;

use common::{open, open_as, steps};
use gauntlet_results::{Cell, ColumnMap, Imported, Options, write_parquet_table};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

/// The metadata of the first step.
fn metadata(run: &Imported) -> Value {
    json!(steps(run)[0].1.metadata)
}

/// The scores of the first step.
fn scores(run: &Imported) -> Value {
    json!(steps(run)[0].1.scores)
}

#[test]
fn columns_of_one_name_are_all_kept() {
    let run = open("a.csv", "step,root,note,note,note\n1,0.5,a,b,c\n2,1,,d,\n").unwrap();
    assert_eq!(metadata(&run), json!({"note": "a", "note (2)": "b", "note (3)": "c"}));
    assert_eq!(json!(steps(&run)[1].1.metadata), json!({"note (2)": "d"}));
    let note = "3 columns are named `note`: all but the first were kept as `note (2)` to `note (3)`";
    assert_eq!(run.warnings, [note]);
    assert_eq!(run.spec.metadata["import_notes"], json!([note]));
}

#[test]
fn a_new_name_is_one_that_no_column_has() {
    let run = open("a.csv", "note,step,root,note,note (2)\na,1,0.5,b,c\n").unwrap();
    assert_eq!(metadata(&run), json!({"note": "a", "note (3)": "b", "note (2)": "c"}));
    assert_eq!(run.warnings, ["2 columns are named `note`: the second was kept as `note (3)`"]);
}

#[test]
fn spaces_around_a_name_do_not_count_and_its_case_does() {
    let run = open("a.csv", "step,root,note, note ,Note\n1,0.5,a,b,c\n").unwrap();
    assert_eq!(metadata(&run), json!({"note": "a", "note (2)": "b", "Note": "c"}));
    assert_eq!(run.warnings, ["2 columns are named `note`: the second was kept as `note (2)`"]);
    let run = open("a.tsv", "step\troot\tnote\tnote\n1\t0.5\ta\t7\n").unwrap();
    assert_eq!(metadata(&run), json!({"note": "a", "note (2)": 7}));
}

#[test]
fn columns_without_a_name_are_all_kept() {
    let run = open("a.csv", ",step,root,,\n0,1,0.5,x,y\n").unwrap();
    assert_eq!(metadata(&run), json!({"": 0, "(2)": "x", "(3)": "y"}));
    assert_eq!(run.warnings, ["3 columns have no name: all but the first were kept as `(2)` to `(3)`"]);
}

#[test]
fn thousands_of_columns_of_one_name_are_read() {
    const COLUMNS: usize = 20_000;
    let table = format!("step,root{}\n1,0.5{}\n", ",x".repeat(COLUMNS), ",7".repeat(COLUMNS));
    let run = open("a.csv", table).unwrap();
    assert_eq!(steps(&run)[0].1.metadata.len(), COLUMNS);
    let note = "20000 columns are named `x`: all but the first were kept as `x (2)` to `x (20000)`";
    assert_eq!(run.warnings, [note]);
    // Of many names a few are told, and the others counted.
    let many: String = (0..20).map(|n| format!(",c{n},c{n}")).collect();
    let run = open("a.csv", format!("step,root{many}\n1,0.5{}\n", ",7".repeat(40))).unwrap();
    assert_eq!((steps(&run)[0].1.metadata.len(), run.warnings.len()), (40, 9));
    assert_eq!(run.warnings[8], "12 more columns were renamed, as their names repeat");
}

#[test]
fn a_meaning_has_one_column() {
    for (header, name) in [
        ("step,root,Root", "Root"),
        ("step,score.a,score.a", "score.a"),
        ("step,root,action,action", "action"),
        ("step,root,a_reward,a_reward", "a_reward"),
    ] {
        let row = ",1".repeat(header.split(',').count() - 1);
        let error = open("a.csv", format!("{header}\n1{row}\n")).unwrap_err();
        assert_eq!(error.message, format!("two columns mean the same: {name}"));
    }
}

#[test]
fn a_column_named_like_a_field_that_another_one_is_read_as_is_kept() {
    let map = ColumnMap::parse("step=iteration,action=answer").unwrap();
    let options = Options::default().mapped(map);
    for header in ["iteration,root,answer,step,action", "step,root,action,iteration,answer"] {
        let names: Vec<&str> = header.split(',').collect();
        let cell = |name: &str| match name {
            "iteration" => "7",
            "step" => "40",
            "answer" => "said",
            "action" => "jump",
            _ => "0.5",
        };
        let row: Vec<&str> = names.iter().map(|name| cell(name)).collect();
        let run = open_as("a.csv", format!("{header}\n{}\n", row.join(",")), &options).unwrap();
        let [(event, body)] = &steps(&run)[..] else { panic!("one step") };
        assert_eq!((event.step(), body.action.as_str()), (Some(7), "said"), "{header}");
        assert_eq!(metadata(&run), json!({"step (2)": 40, "action (2)": "jump"}), "{header}");
        let told = run.warnings.join("\n");
        for kept in ["column `step` was kept as `step (2)`", "column `action` was kept as `action (2)`"] {
            assert!(told.contains(kept), "{told}");
        }
    }
}

#[test]
fn rubrics_of_one_name_in_trainer_files_are_all_kept() {
    // TRL: the root is the sum of the reward functions' columns.
    let trl = "step,prompt,completion,advantage,accuracy,accuracy,note,note\n1,p,c,0.25,1,0.5,x,y\n";
    let run = open("completions.csv", trl).unwrap();
    assert_eq!(scores(&run)["accuracy"], 1.0);
    assert_eq!(scores(&run)["accuracy (2)"], 0.5);
    assert_eq!(scores(&run)["root"], 1.5);
    assert_eq!(metadata(&run)["note"], "x");
    assert_eq!(metadata(&run)["note (2)"], "y");
    let told = run.warnings.join("\n");
    assert!(told.contains("2 columns are named `accuracy`: the second was kept as `accuracy (2)`"), "{told}");
    // verl, as lines: a key that occurs again in each line.
    let verl = "{\"step\":1,\"input\":\"p\",\"output\":\"c\",\"score\":0.5,\"acc\":1,\"acc\":0}\n";
    let run = open("1.jsonl", verl.repeat(2)).unwrap();
    assert_eq!((&scores(&run)["acc"], &scores(&run)["acc (2)"]), (&json!(1.0), &json!(0.0)));
    let told = run.warnings.join("\n");
    assert!(told.contains("the key `acc` occurs again in the same object, 2 times"), "{told}");
    // A rubric named like the path of another column.
    let mixed = "step,prompt,completion,advantage,score.acc,acc\n1,p,c,0.25,1,0.5\n";
    let run = open("completions.csv", mixed).unwrap();
    assert_eq!((&scores(&run)["acc"], &scores(&run)["acc (2)"]), (&json!(1.0), &json!(0.5)));
}

#[test]
fn the_first_column_of_advantages_counts_and_the_others_are_kept() {
    let table = "step,prompt,completion,advantage,advantages,accuracy\n1,p,c,0.25,0.75,1\n";
    let run = open("completions.csv", table).unwrap();
    assert_eq!(scores(&run)["metrics.advantage"], 0.25);
    assert_eq!((&metadata(&run)["advantage"], &metadata(&run)["advantages"]), (&json!(0.25), &json!(0.75)));
    let note = "column `advantages` was kept as metadata: another column is the advantage";
    assert!(run.warnings.iter().any(|told| told == note), "{:?}", run.warnings);
}

#[test]
fn a_conversation_and_a_column_of_its_name_are_both_kept() {
    let chat = "\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"hi\"\"}]\"";
    let run = open("a.csv", format!("step,root,observation,messages\n1,0.5,{chat},own\n")).unwrap();
    assert_eq!(metadata(&run)["messages"][0]["content"], "hi");
    assert_eq!(metadata(&run)["messages_"], "own");
}

#[test]
fn an_empty_score_does_not_replace_one_of_the_same_path() {
    let run = open("a.csv", "step,scores,score.a\n1,\"{\"\"a\"\":0.5,\"\"root\"\":1}\",\n").unwrap();
    assert_eq!(scores(&run), json!({"a": 0.5, "root": 1.0}));
    let run = open("a.csv", "step,score.a,scores\n1,,\"{\"\"a\"\":0.5,\"\"root\"\":1}\"\n").unwrap();
    assert_eq!((scores(&run), metadata(&run)), (json!({"a": 0.5, "root": 1.0}), json!({})));
}

#[test]
fn parquet_columns_of_one_name_are_all_kept() {
    let names = ["step", "root", "note", "note", "", ""].map(str::to_owned).to_vec();
    let text = |text: &str| Cell::Text(text.to_owned());
    let row = vec![Cell::Integer(3), Cell::Number(0.5), text("a"), text("b"), text("c"), text("d")];
    let mut file = Vec::new();
    write_parquet_table(&mut file, names, vec![row]).unwrap();
    let run = open("a.parquet", file).unwrap();
    assert_eq!(metadata(&run), json!({"note": "a", "note (2)": "b", "": "c", "(2)": "d"}));
    let told = [
        "2 columns have no name: the second was kept as `(2)`",
        "2 columns are named `note`: the second was kept as `note (2)`",
    ];
    assert_eq!(run.warnings, told);
}

#[test]
fn parquet_names_inside_of_a_column_are_all_kept() {
    let schema = "message m { required int64 step; required double root; \
                  required group inner { required int64 x; required int64 x; optional int64 y; } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::default()).unwrap();
    for rows in [[1, 2], [3, 4]] {
        let mut group = writer.next_row_group().unwrap();
        let mut columns = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            columns += 1;
            match columns {
                1 => column.typed::<Int64Type>().write_batch(&rows, None, None).unwrap(),
                2 => column.typed::<DoubleType>().write_batch(&[0.5, 1.0], None, None).unwrap(),
                3 => column.typed::<Int64Type>().write_batch(&[10, 11], None, None).unwrap(),
                4 => column.typed::<Int64Type>().write_batch(&[20, 21], None, None).unwrap(),
                _ => column.typed::<Int64Type>().write_batch(&[30], Some(&[0, 1]), None).unwrap(),
            };
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    let run = open("a.parquet", file).unwrap();
    let inner: Vec<Value> = steps(&run).iter().map(|(_, body)| body.metadata["inner"].clone()).collect();
    let (first, second) = (json!({"x": 10, "x (2)": 20}), json!({"x": 11, "x (2)": 21, "y": 30}));
    assert_eq!(inner, [first.clone(), second.clone(), first, second]);
    assert_eq!(run.warnings, ["2 columns are named `inner.x`: the second was kept as `x (2)`"]);
}

#[test]
fn keys_that_occur_again_in_a_line_are_all_kept() {
    let line = r#"{"step":1,"root":0.5,"note":"a","note":"b","inner":{"x":1,"x":2},"note":"c"}"#;
    let run = open("a.jsonl", format!("{line}\n{}\n", line.replace("\"step\":1", "\"step\":2"))).unwrap();
    let kept = json!({"note": "a", "note (2)": "b", "inner": {"x": 1, "x (2)": 2}, "note (3)": "c"});
    assert_eq!(metadata(&run), kept);
    let told = [
        "the key `note` occurs again in the same object, 4 times: each later value was kept, as `note (2)` \
         and so on",
        "the key `x` occurs again in the same object, 2 times: each later value was kept, as `x (2)` and so \
         on",
    ];
    assert_eq!(run.warnings, told);
    // Metadata of a snapshot, in a document.
    let one = r#"{"snapshots":[{"step":1,"scores":{"root":1},"metadata":{"n":1,"n":2}}],"hub":"h"}"#;
    let run = open("a.json", one).unwrap();
    assert_eq!(metadata(&run), json!({"n": 1, "n (2)": 2}));
    assert_eq!(run.warnings.len(), 1, "{:?}", run.warnings);
    // What a file says of its run.
    let about = r#"{"snapshots":[{"step":1,"scores":{"root":1}}],"hub":{"at":"a","at":"b"}}"#;
    let run = open("a.json", about).unwrap();
    assert_eq!(run.spec.metadata["hub"], json!({"at": "a", "at (2)": "b"}));
    assert_eq!(run.warnings.len(), 1, "{:?}", run.warnings);
    // JSON in a cell of a table.
    let cell = "step,root,metadata\n1,0.5,\"{\"\"n\"\":1,\"\"n\"\":2}\"\n";
    let run = open("a.csv", cell).unwrap();
    assert_eq!(metadata(&run), json!({"n": 1, "n (2)": 2}));
    assert_eq!(run.warnings.len(), 1, "{:?}", run.warnings);
}

#[test]
fn a_detailed_result_keeps_keys_that_occur_again() {
    let report = r#"{"summary":{"means":{"m":1,"m":2}},
        "detailed_results":[{"index":0,"reward":1,"response":"r","tag":"a","tag":"b"}]}"#;
    let run = open("a.json", report).unwrap();
    assert_eq!((&metadata(&run)["tag"], &metadata(&run)["tag (2)"]), (&json!("a"), &json!("b")));
    assert_eq!(run.spec.metadata["summary"]["means"], json!({"m": 1, "m (2)": 2}));
    assert_eq!(run.warnings.len(), 2, "{:?}", run.warnings);
}

#[test]
fn a_field_or_a_score_that_occurs_twice_in_a_line_is_refused() {
    for (line, path, message) in [
        (r#"{"step":1,"step":2,"root":1}"#, "step", "the key `step` occurs twice in one object"),
        (r#"{"root":1,"root":2}"#, "root", "the key `root` occurs twice in one object"),
        (r#"{"scores":{"a":1,"a":2}}"#, "scores.a", "the key `a` occurs twice in one object"),
    ] {
        let error = open("a.jsonl", format!("{line}\n{line}\n")).unwrap_err();
        assert_eq!((error.path.as_str(), error.line, error.message.as_str()), (path, Some(1), message));
    }
}
