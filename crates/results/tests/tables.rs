//! Tables and films: a run written as one opens as the same run, and tables of other programs open.

mod common;

use std::path::Path;

use bytes::Bytes;
use common::{now, open, records, shown, steps, stored};
use gauntlet_model::EventId;
use gauntlet_results::{
    Format, Imported, Options, import, replay, survey, write_csv, write_film, write_parquet,
};
use serde_json::{Value, json};

fn snapshot(step: u64, scores: Value) -> Value {
    json!({"step": step, "timestamp": "2026-11-21T00:06:33.885877", "scores": scores, "duration_ms": 1.5,
           "action": format!("said \"{step}\",\r\nand more; é"), "observation": " saw ",
           "failures": ["hallucination", "format"], "is_paused": true, "not_evaluated": ["a.c"],
           "metadata": {"task_id": "T", "n": [1, 2.5, null]},
           "challenge": {"type": "GUARD", "question": "which?", "options": ["a", "b"]}})
}

fn run() -> Imported {
    let file = json!({"snapshots": [
        snapshot(1, json!({"root": -20.0, "a.b": 0.1, "format": 1e300})),
        snapshot(2, json!({"root": 5e-324, "format": -0.0})),
        {"step": 7, "scores": {"later": 3.0}, "action": "NaN", "metadata": {}},
    ], "hub": "h"});
    let mut run = open("night.json", file.to_string()).unwrap();
    run.notes = "seen".to_owned();
    run
}

fn refused(name: &str, bytes: &[u8]) -> String {
    import(name, bytes, now(), &Options::default(), &mut || EventId::from_u128(1)).unwrap_err().to_string()
}

#[test]
fn a_table_is_read_to_its_end_or_refused() {
    let open = refused("a.csv", b"step,root,action\n1,1,fine\n2,1,\"never closed\n3,1,x\n");
    assert!(open.starts_with("a quotation mark in this row is never closed (line 3)"), "{open}");
    let open = refused("a.csv", b"step,\"root\n1,1");
    assert!(open.starts_with("a quotation mark in this row is never closed (line 1)"), "{open}");
    let ragged = refused("a.csv", b"step,root,action\n1,1,x\n2,1\n");
    assert_eq!(ragged, "the row has 2 cells (line 3); expected 3, as the header has");
    assert!(refused("a.csv", b"\n").starts_with("the file is empty"));
    for complete in ["step,root,action\n1,1,\"a\nb\"", "step,root,action\r\n1,1,\"a\nb\"\r\n\r\n"] {
        let run = open_table(complete);
        assert_eq!(steps(&run).len(), 1);
        assert_eq!(steps(&run)[0].1.action, "a\nb");
    }
}

#[test]
fn a_table_may_have_thousands_of_columns() {
    const SCORES: usize = 1_000;
    const OTHERS: usize = 15_000;
    let scores = (0..SCORES).map(|n| format!("score.r{n}")).collect::<Vec<_>>().join(",");
    let others = (0..OTHERS).map(|n| format!("remark {n}")).collect::<Vec<_>>().join(",");
    let cells = (0..SCORES + OTHERS).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    // Of two aliases of one field the first in the table of aliases counts, wherever it stands.
    let table = format!("score,step,{scores},{others},reward\n7,1,{cells},0.5\n");
    let run = open_table(&table);
    let [(event, body)] = &steps(&run)[..] else { panic!("one step") };
    assert_eq!((event.step(), body.scores.root()), (Some(1), Some(0.5)));
    assert_eq!(body.scores.iter().count(), SCORES + 1);
}

#[test]
fn a_column_of_objects_holds_scores() {
    let run = open_table("step,scores,root\n1,\"{\"\"a.b\"\": 0.5, \"\"c\"\": null}\",2\n2,{},3\n");
    let scores: Vec<Vec<_>> = steps(&run).iter().map(|(_, body)| body.scores.iter().collect()).collect();
    assert_eq!(scores, [vec![("a.b", 0.5), ("root", 2.0)], vec![("root", 3.0)]]);
    let python = refused("a.csv", b"step,scores\n1,{'root': 1.0}\n");
    assert!(python.starts_with("scores: is \"{'root': 1.0}\" (line 2); expected an object"), "{python}");
    let wrong = refused("a.csv", b"step,scores\n1,\"{\"\"root\"\": [1]}\"\n");
    assert!(wrong.starts_with("scores.root: is [1] (line 2)"), "{wrong}");
}

fn open_table(text: &str) -> Imported {
    import("a.csv", text.as_bytes(), now(), &Options::default(), &mut || EventId::from_u128(1)).unwrap()
}

fn csv(run: &Imported) -> String {
    let mut out = Vec::new();
    write_csv(&mut out, &shown(run), records(run)).unwrap();
    String::from_utf8(out).unwrap()
}

fn parquet(run: &Imported) -> Vec<u8> {
    let mut out = Vec::new();
    write_parquet(&mut out, &stored(run), &shown(run), records(run)).unwrap();
    out
}

fn film(run: &Imported) -> Vec<u8> {
    let mut out = Vec::new();
    write_film(&mut out, &stored(run), records(run)).unwrap();
    out
}

/// The same snapshots to the bit: id, time, episode, step, every score, every text.
fn same_snapshots(new: &Imported, old: &Imported) {
    assert_eq!(new.warnings, Vec::<String>::new());
    assert_eq!(steps(new).len(), steps(old).len());
    for ((new, new_body), (old, old_body)) in steps(new).into_iter().zip(steps(old)) {
        assert_eq!(
            (new.id(), new.at(), new.step(), new.episode()),
            (old.id(), old.at(), old.step(), old.episode())
        );
        for (path, score) in old_body.scores.iter() {
            assert_eq!(new_body.scores.get(path).map(f64::to_bits), Some(score.to_bits()), "{path}");
        }
        assert_eq!(new_body.scores.len(), old_body.scores.len());
        let (mut new_body, mut old_body) = (new_body.clone(), old_body.clone());
        (new_body.scores, old_body.scores) = Default::default();
        assert_eq!(new_body, old_body);
    }
}

#[test]
fn a_film_is_the_same_run_to_the_letter() {
    let run = run();
    let again = open("whatever.bin", film(&run)).unwrap();
    assert_eq!((again.spec.clone().started(), &again.notes), (run.spec.clone().started(), &run.notes));
    assert_eq!(again.events, run.events);
    let cut = film(&run);
    let error = open("cut.film", &cut[..cut.len() - 9]).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[test]
fn a_table_keeps_every_snapshot() {
    let run = run();
    same_snapshots(&open("night.csv", csv(&run)).unwrap(), &run);
    let again = open("night.parquet", parquet(&run)).unwrap();
    same_snapshots(&again, &run);
    assert_eq!((again.spec.clone().started(), &again.notes), (run.spec.clone().started(), &run.notes));
}

#[test]
fn a_refused_table_names_its_columns() {
    let header = "id,at,episode,step,root,score.a.b,score.format,score.later,failures,failures_declared,\
                  action,observation,duration_ms,is_paused,not_evaluated,challenge,timestamp,metadata";
    assert_eq!(csv(&run()).lines().next(), Some(header));
}

#[test]
fn many_rows_are_written_in_groups() {
    let list: Vec<Value> = (0..9000).map(|i| json!({"step": i, "scores": {"root": f64::from(i)}})).collect();
    let run = open("a.json", json!(list).to_string()).unwrap();
    same_snapshots(&open("a.parquet", parquet(&run)).unwrap(), &run);
}

#[test]
fn tables_of_other_programs_open() {
    let text = "step,reward,score.safety,prompt,completion,failure,loss,note,metadata\n\
                1,0.5,1,Why?,Because.,,0.25,first,\"{\"\"task_id\"\": \"\"T\"\"}\"\n\
                2,-1,,Why?,\"No, \"\"never\"\"\",refusal,0.125,,\n";
    let separators = [
        ("a.csv", text.to_owned()),
        ("plain", text.to_owned()),
        ("a.tsv", {
            let rows = ["step\treward\tprompt\tcompletion", "1\t0.5\tWhy?\tBecause.", "2\t-1\tWhy?\tNo"];
            rows.join("\n")
        }),
    ];
    for (name, text) in separators {
        let imported = open(name, text).unwrap();
        let steps = steps(&imported);
        assert_eq!(
            steps.iter().map(|(e, b)| (e.step(), b.scores.root())).collect::<Vec<_>>(),
            [(Some(1), Some(0.5)), (Some(2), Some(-1.0))]
        );
        assert_eq!((steps[0].1.observation.as_str(), steps[0].1.action.as_str()), ("Why?", "Because."));
    }
    let imported = open("a.csv", text).unwrap();
    let (_, first) = steps(&imported)[0];
    let (_, second) = steps(&imported)[1];
    assert_eq!(Value::Object(first.metadata.clone()), json!({"task_id": "T", "loss": 0.25, "note": "first"}));
    assert_eq!((first.scores.get("safety"), second.scores.get("safety")), (Some(1.0), None));
    assert_eq!(second.action, "No, \"never\"");
    assert_eq!(second.failures[0].as_str(), "refusal");
    assert_eq!(imported.spec.task, None, "not every row names it");

    let imported = open("a.csv", "episode,root\nmorning,1\nevening,2\nmorning,3\n").unwrap();
    assert_eq!(imported.episodes, 2);
    assert_eq!(steps(&imported)[2].0.step(), Some(2), "numbered within the episode");
}

#[test]
fn an_error_in_a_table_has_its_place() {
    let check = |name: &str, bytes: &[u8], path: &str, line: Option<u64>, expected: &str| {
        let error = open(name, bytes).unwrap_err();
        assert_eq!((error.path.as_str(), error.line), (path, line), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("a.csv", b"step,loss\n1,2\n", "", Some(1), "no column of scores, only step, loss");
    check("a.csv", b"root,root\n1,2\n", "", Some(1), "two columns mean the same: root");
    check("a.csv", b"step,root\n1,2\n2,much\n", "scores.root", Some(3), "is \"much\"");
    check("a.csv", b"step,root\n1,2\nx,3\n", "step", Some(3), "expected a whole number");
    check("a.csv", b"step,root\n1,2\n2\n", "", Some(3), "the row has 1 cells");
    check("a.csv", b"step,root\n1,\xff\n", "scores.root", Some(2), "is \"ÿ\"");
    check("a.csv", b"root,metadata\n1,{x}\n", "metadata", Some(2), "expected an object");
    check("a.parquet", b"PAR1 and no more", "", None, "not a Parquet table");
    let mut cut = parquet(&run());
    cut.drain(40..60);
    assert!(open("a.parquet", &cut).is_err());
    let endless = format!("root,action\n1,\"{}", "x".repeat(20 << 20));
    check("a.csv", endless.as_bytes(), "", None, "longer than 16777216 bytes");
    let long = format!("{{\"scores\":{{}}}}\n{{\"scores\":{{}},\"action\":\"{}\"}}", "x".repeat(17 << 20));
    check("a.jsonl", long.as_bytes(), "", Some(2), "the line is too long");
}

#[test]
fn records_that_pandas_wrote_open_with_their_structure() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let imported =
        open("nested.parquet", std::fs::read(folder.join("pandas-nested.parquet")).unwrap()).unwrap();
    let found: Vec<Vec<_>> = steps(&imported).iter().map(|(_, body)| body.scores.iter().collect()).collect();
    assert_eq!(found, [vec![("root", 1.5), ("safety.format", -2.0)], vec![("root", -1.0)], vec![]]);
    let metadata: Vec<_> = steps(&imported).iter().map(|(_, b)| Value::Object(b.metadata.clone())).collect();
    assert_eq!(
        metadata,
        [json!({"task": {"id": "T", "tags": ["a"]}}), json!({"task": {"id": "U"}}), json!({})]
    );
    let lz4 = open("lz4.parquet", std::fs::read(folder.join("pandas-lz4.parquet")).unwrap()).unwrap_err();
    assert!(lz4.to_string().contains("is compressed with LZ4_RAW, which is not read here"), "{lz4}");
}

/// Tables that pandas and pyarrow wrote (by `fixtures/make.py`): every codec, missing values,
/// nanoseconds.
#[test]
fn tables_of_pyarrow_open() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["snappy", "zstd", "gzip", "none"] {
        let bytes = std::fs::read(folder.join(format!("pandas-{name}.parquet"))).unwrap();
        let imported = open("pandas.parquet", bytes).unwrap();
        let note = "1 score is not evaluated: null, empty, NaN or infinite in the file";
        assert_eq!(imported.warnings, [note], "{name}");
        let steps = steps(&imported);
        let found: Vec<_> =
            steps.iter().map(|(e, b)| (e.step(), b.scores.root(), b.scores.get("safety"))).collect();
        assert_eq!(
            found,
            [(Some(1), Some(0.5), Some(1.0)), (Some(2), Some(-20.0), None), (Some(3), Some(0.1), Some(0.25))]
        );
        assert_eq!(steps[0].0.at().to_string(), "2026-11-21T00:06:33.885877Z", "{name}");
        assert_eq!((steps[1].1.action.as_str(), steps[2].1.action.as_str()), ("No, \"never\"", ""), "{name}");
        assert_eq!(
            Value::Object(steps[0].1.metadata.clone()),
            json!({"task_id": "T", "epoch": 1, "tags": ["a", "b"]})
        );
    }
}

#[test]
fn a_file_reads_twice_to_the_same_events() {
    let text: String = (0..5000)
        .map(|i| format!("{{\"session_id\":\"s{}\",\"scores\":{{\"root\":{i}}}}}\n", i % 3))
        .collect();
    let source = Bytes::from(text);
    let format = Format::detect("a.jsonl", &source).unwrap();
    assert_eq!(format, Format::Lines);
    let mut reading = survey(format, source.clone(), now(), &Options::default()).unwrap();
    while reading.advance().unwrap() {}
    assert_eq!(reading.position_bytes(), source.len() as u64);
    let plan = reading.plan("a.jsonl").unwrap();
    let read = || {
        let mut n = 0;
        let mut ids = move || {
            n += 1;
            EventId::from_u128(n)
        };
        replay(&plan, format, source.clone(), &Options::default(), &mut ids)
            .unwrap()
            .collect::<Result<Vec<_>, _>>()
            .unwrap()
    };
    assert_eq!(read(), read());
    assert_eq!((read().len() as u64, plan.steps()), (plan.events(), 5000));
    assert_eq!(plan.events(), 5003);
}
