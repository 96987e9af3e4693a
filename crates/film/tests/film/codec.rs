//! Facts are read back as they were written, and no bytes make the codec panic.

use gauntlet_film::codec::{decode, encode};
use gauntlet_film::{ChallengeFact, Fact, FactBody};
use gauntlet_model::{Action, EpisodeId, FailureKind, MAX_STEP, Scores, Status, StepKind};
use proptest::prelude::*;

use crate::facts::{added, fact, film, log, scores};

fn same_bits(a: &[Fact], b: &[Fact]) -> bool {
    // `-0.0 == 0.0`, so equality alone would not notice a lost sign.
    format!("{a:?}") == format!("{b:?}")
}

proptest! {
    #[test]
    fn what_is_written_is_read(facts in log(60)) {
        let read = decode(&encode(&facts)).unwrap();
        prop_assert_eq!(&read, &facts);
        prop_assert!(same_bits(&read, &facts));
    }

    #[test]
    fn extreme_numbers_are_read_back(
        seqs in prop::collection::vec(any::<u64>(), 1..20), step in 0..=MAX_STEP,
    ) {
        let facts: Vec<Fact> =
            seqs.iter().map(|seq| Fact { seq: *seq, ..fact(0, step, scores(&[])) }).collect();
        prop_assert_eq!(decode(&encode(&facts)).unwrap(), facts);
    }

    #[test]
    fn random_bytes_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        headed in any::<bool>(),
    ) {
        let head: &[u8] = if headed { b"GFLM\x01" } else { b"" };
        if let Ok(facts) = decode(&[head, &bytes].concat()) {
            film(&facts);
        }
    }

    #[test]
    fn changed_bytes_do_not_panic(
        facts in log(20),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode(&facts);
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err(), "a part is never the whole");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(facts) = decode(&bytes) {
            film(&facts);
            // What was read is as good as any: it can be written, and read again.
            prop_assert!(same_bits(&decode(&encode(&facts)).unwrap(), &facts));
        }
    }
}

/// A small chunk with something of everything.
fn sample() -> Vec<Fact> {
    let started = FactBody::RunStarted {
        name: "demo".to_owned(),
        project: "p".to_owned(),
        kind: "grpo".to_owned(),
        agent: None,
        task: Some("t".to_owned()),
    };
    let full = FactBody::Scored {
        scores: Scores::new([("root", -20.0), ("format", 0.5), ("a.b", 0.1)]).unwrap(),
        not_evaluated: vec!["style".to_owned()],
        failures: vec![FailureKind::Refusal],
        duration_ms: Some(12.5),
        is_paused: true,
        challenge: Some(ChallengeFact {
            kind: "GUARD".to_owned(),
            question: "Go on?".to_owned(),
            options: vec!["yes".to_owned()],
        }),
    };
    let whats = [
        started,
        full,
        scores(&[("format", 1.0), ("root", 3.0)]),
        added("root", 1.5),
        FactBody::Status { status: Status::Paused, reason: None },
        FactBody::EpisodeStarted { task: None },
        FactBody::EpisodeFinished { status: Status::Completed, return_: None },
        FactBody::Recorded { kind: StepKind::ToolCall, name: Some("search".to_owned()), failed: true },
        FactBody::Command { id: "c".to_owned(), action: Action::Resume, author: "me".to_owned() },
        FactBody::Applied { id: "c".to_owned(), result: "ok".to_owned() },
        FactBody::Answered { answer: "yes".to_owned(), author: "me".to_owned() },
        FactBody::Note { text: "odd".to_owned(), author: "me".to_owned(), range: None },
        FactBody::Artifact { name: "r.json".to_owned() },
        FactBody::Gap { lost: 300, reason: "full".to_owned() },
    ];
    let mut facts: Vec<Fact> = (0..).zip(whats).map(|(seq, what)| fact(seq, 1 + seq / 2, what)).collect();
    facts[0].step = None;
    facts[5].episode = EpisodeId::new("e1").ok();
    facts
}

/// Chunks are stored and cached: bytes written today must be read tomorrow. If this fails, the format
/// changed; a change needs a new version number and a reader that still knows the old one.
#[test]
fn the_format_is_as_it_was() {
    let golden = include_str!("chunk-1.hex");
    let golden: String = golden.split_whitespace().collect();
    let bytes = hex::decode(&golden).unwrap();
    assert_eq!(decode(&bytes).unwrap(), sample());
    assert_eq!(hex::encode(encode(&sample())), golden);
}

#[test]
fn an_error_names_the_part_and_the_offset() {
    let check = |bytes: &[u8], expect: &str| assert_eq!(decode(bytes).unwrap_err().to_string(), expect);
    check(b"", "magic at byte 0: needs 4 bytes, 0 are left");
    check(b"JSON\x01", "magic at byte 0: these bytes are not a film chunk");
    check(b"GFLM\x02", "version at byte 5: is [2]; this build reads 1");
    check(
        b"GFLM\x01\xff\xff\xff\xff\x0f",
        "number of facts at byte 10: 4294967295 of at least 3 bytes each do not fit in 0",
    );
    let last = encode(&[fact(0, MAX_STEP, scores(&[]))]);
    let beyond: Vec<u8> = last
        .windows(8)
        .position(|part| part == [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20])
        .map(|at| last.iter().enumerate().map(|(i, byte)| byte | u8::from(i == at) << 1).collect())
        .unwrap();
    assert_eq!(decode(&beyond).unwrap_err().problem, "9007199254740993 is not a step");
    let mut bytes = encode(&[]);
    bytes.push(0);
    check(&bytes, &format!("end at byte {}: 1 bytes are left over", bytes.len() - 1));
}

#[test]
fn a_usual_chunk_is_small() {
    let of = |i: u64| {
        let paths = ["root", "grounding", "format", "inconsistency", "refusal", "a", "a.b", "a.c", "style"];
        let values: Vec<(&str, f64)> = paths.iter().map(|p| (*p, (i % 5) as f64 - 2.0)).collect();
        fact(i, i, scores(&values))
    };
    let bytes = encode(&(0..4096).map(of).collect::<Vec<_>>());
    assert!(bytes.len() < 4096 * 16, "{} bytes", bytes.len());
}
