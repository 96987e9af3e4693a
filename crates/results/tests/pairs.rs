//! Preference pairs: who is preferred over whom, and who makes no pair.

mod common;

use std::io;

use common::{now, open, stored};
use gauntlet_model::{Record, RunId, RunSummary};
use gauntlet_results::{Log, Side, write_dpo};
use serde_json::{Value, json};

struct MemoryLog(Vec<Record>);

impl Log for MemoryLog {
    fn records(&self) -> Box<dyn Iterator<Item = io::Result<Record>> + '_> {
        Box::new(self.0.iter().cloned().map(Ok))
    }

    fn record(&self, seq: u64) -> io::Result<Record> {
        self.0
            .iter()
            .find(|record| record.seq == seq)
            .cloned()
            .ok_or_else(|| io::Error::other("no such record"))
    }
}

fn run(id: &str, list: Value) -> (RunSummary, MemoryLog) {
    let imported = open("a.json", list.to_string()).unwrap();
    let records = imported.events.iter().enumerate().map(|(i, e)| e.record(i as u64 + 1, now())).collect();
    (RunSummary { id: RunId::new(id).unwrap(), ..stored(&imported) }, MemoryLog(records))
}

fn pairs(first: &(RunSummary, MemoryLog), second: Option<&(RunSummary, MemoryLog)>) -> Vec<Value> {
    let mut out = Vec::new();
    let with = second.map(|(run, log)| Side { run, log });
    let count = write_dpo(&mut out, Side { run: &first.0, log: &first.1 }, with).unwrap();
    let lines: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, count);
    lines
}

fn rollout(step: u64, prompt: &str, answer: &str, root: f64) -> Value {
    json!({
        "step": step, "scores": {"root": root}, "observation": prompt, "action": answer,
        "metadata": {"task_id": "T"},
    })
}

#[test]
fn the_best_answer_is_preferred_over_the_worst() {
    let grpo = run(
        "grpo",
        json!([
            rollout(1, "Why?", "no idea", -20.0),
            rollout(2, "How?", "so", 1.0),
            rollout(3, "Why?", "because", 30.0),
            rollout(4, "Why?", "perhaps", 5.0),
            rollout(5, "How?", "so", 2.0),
            rollout(6, "Who?", "me", 3.0),
            rollout(7, "", "unasked", 3.0),
            {"step": 8, "scores": {"format": 1.0}, "observation": "Why?", "action": "unscored"},
        ]),
    );
    assert_eq!(
        pairs(&grpo, None),
        [json!({
            "prompt": "Why?", "chosen": "because", "rejected": "no idea",
            "chosen_score": 30.0, "rejected_score": -20.0,
            "source": "rollouts: grpo step 3 over step 1",
        })]
    );
    let sft = run(
        "sft",
        json!([
            rollout(1, "Why?", "as I was told", 12.0),
            rollout(2, "Who?", "me", 1.0),
            rollout(3, "How?", "well", 9.0),
        ]),
    );
    let found: Vec<_> =
        pairs(&grpo, Some(&sft)).into_iter().map(|p| (p["chosen"].clone(), p["source"].clone())).collect();
    assert_eq!(
        found,
        [
            (json!("because"), json!("runs: grpo step 3 over sft step 1")),
            (json!("well"), json!("runs: sft step 3 over grpo step 5")),
        ]
    );
}

#[test]
fn a_persons_answer_is_preferred_over_the_other_options() {
    let asked = |step: u64| {
        json!({
            "step": step, "scores": {"root": 0.0}, "observation": "scan", "action": format!("{step}"),
            "is_paused": true,
            "challenge": {"type": "GUARD", "question": "Which?", "options": ["a", "b", "c"]},
        })
    };
    let event = |n: u32, kind: &str, step: Option<u64>, body: Value| {
        json!({
            "id": format!("00000000-0000-7000-8000-{n:012}"), "at": "2026-11-21T00:06:33Z",
            "kind": kind, "v": 1, "step": step, "body": body,
        })
    };
    let command =
        json!({"command_id": "c", "action": "answer", "parameters": {"answer": "c"}, "author": "me"});
    let log = run(
        "r",
        json!([
            asked(1),
            event(1, "challenge.answered", Some(1), json!({"answer": "b", "author": "me"})),
            asked(2),
            event(2, "command.issued", None, command),
            asked(3),
            event(3, "challenge.answered", Some(3), json!({"answer": "b", "author": "me", "correct": false})),
            asked(4),
        ]),
    );
    let found: Vec<_> = pairs(&log, None)
        .into_iter()
        .map(|p| format!("{} > {} {} {}", p["chosen"], p["rejected"], p["source"], p["chosen_score"]))
        .collect();
    assert_eq!(
        found,
        [
            "\"b\" > \"a\" \"human: r step 1\" null",
            "\"b\" > \"c\" \"human: r step 1\" null",
            "\"c\" > \"a\" \"human: r step 2\" null",
            "\"c\" > \"b\" \"human: r step 2\" null",
        ]
    );
    assert_eq!(pairs(&log, None)[0]["prompt"], "scan\n\nWhich?");
}

#[test]
fn a_later_score_and_a_step_scored_again_change_who_is_preferred() {
    let event = |n: u32, kind: &str, step: u64, body: Value| {
        json!({"id": format!("01920000-0000-7000-8000-{n:012}"), "at": "2026-11-21T00:06:33Z",
               "kind": kind, "v": 1, "step": step, "body": body})
    };
    let answered = |n, step, answer: &str, root: f64| {
        let body = json!({"scores": {"root": root}, "observation": "Why?", "action": answer});
        event(n, "snapshot.scored", step, body)
    };
    let judged = json!({"target": "step", "path": "root", "value": 9.0, "source": "ada"});
    let run = run(
        "r",
        json!([
            answered(1, 1, "no idea", -20.0),
            answered(2, 2, "because", 3.0),
            answered(3, 3, "perhaps", 5.0),
            answered(4, 1, "it depends", 4.0),
            event(5, "score.added", 2, judged),
        ]),
    );
    let [pair] = pairs(&run, None).try_into().unwrap();
    assert_eq!((&pair["chosen"], &pair["chosen_score"]), (&json!("because"), &json!(9.0)));
    assert_eq!((&pair["rejected"], &pair["rejected_score"]), (&json!("it depends"), &json!(4.0)));
}
