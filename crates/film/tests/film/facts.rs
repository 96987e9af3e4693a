//! Facts to test with: short to write, and drawn at random.

use gauntlet_film::{ChallengeFact, Fact, FactBody, Film};
use gauntlet_model::{
    Action, EpisodeId, FailureKind, FailureRules, MAX_STEP, Score, Scores, Severity, Status, StepKind,
    StepRange, Timestamp,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const PATHS: [&str; 10] =
    ["root", "grounding", "format", "a.format", "a", "a.b.c", "refusal", "x.y", "sub.root", "metrics.loss"];

/// A fact of step `step`, at second `seq`.
pub(crate) fn fact(seq: u64, step: u64, body: FactBody) -> Fact {
    Fact { seq, at: Timestamp::from_micros(seq as i64 * 1_000_000), episode: None, step: Some(step), body }
}

/// A snapshot with these scores and nothing else.
pub(crate) fn scores(pairs: &[(&str, f64)]) -> FactBody {
    FactBody::Scored {
        scores: Scores::new(pairs.iter().copied()).unwrap(),
        not_evaluated: Vec::new(),
        failures: Vec::new(),
        duration_ms: None,
        is_paused: false,
        challenge: None,
    }
}

/// A later score.
pub(crate) fn added(path: &str, value: f64) -> FactBody {
    FactBody::Added { path: path.to_owned(), value: Score::new(value).unwrap() }
}

/// The film of facts in the order given, judged by the medical rules.
pub(crate) fn film<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Film {
    judged(FailureRules::Dipg, facts)
}

/// The film of facts in the order given, judged as asked.
pub(crate) fn judged<'a>(asked: FailureRules, facts: impl IntoIterator<Item = &'a Fact>) -> Film {
    let mut film = Film::with_rules(asked);
    facts.into_iter().for_each(|fact| film.apply(fact));
    film
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,2}", "\\PC{0,8}", Just("long ".repeat(80))]
}

fn score() -> impl Strategy<Value = f64> {
    let notable = [-30.0, -20.0, -15.0, -1.0, -0.0, 0.0, 0.1, 0.5, 1.0, 15.25, 32767.0, 32768.0, 1e300];
    prop_oneof![4 => select(notable.to_vec()), 1 => any::<f64>().prop_filter("finite", |v| v.is_finite())]
}

fn episode() -> impl Strategy<Value = Option<EpisodeId>> {
    select(vec![None, Some("b"), Some("a"), Some("episode 3")])
        .prop_map(|name| name.map(|name| EpisodeId::new(name).unwrap()))
}

fn snapshot() -> impl Strategy<Value = FactBody> {
    let asked = (text(), text(), prop::collection::vec(text(), 0..3))
        .prop_map(|(kind, question, options)| ChallengeFact { kind, question, options });
    let paths = subsequence(PATHS.to_vec(), 0..=PATHS.len());
    let paths = prop_oneof![3 => paths.clone().boxed(), 1 => paths.prop_shuffle().boxed()];
    let rest = (
        0usize..4,
        prop::collection::vec(select(FailureKind::ALL.to_vec()), 0..2),
        prop::option::of(0.0..1e4f64),
        any::<bool>(),
        prop::option::weighted(0.3, asked),
    );
    (paths, prop::collection::vec(score(), PATHS.len()), rest).prop_map(
        |(mut paths, values, (skipped, failures, duration_ms, is_paused, challenge))| {
            let skipped = paths.split_off(paths.len().saturating_sub(skipped));
            FactBody::Scored {
                scores: Scores::new(paths.into_iter().zip(values)).unwrap(),
                not_evaluated: skipped.into_iter().map(str::to_owned).collect(),
                failures,
                duration_ms,
                is_paused,
                challenge,
            }
        },
    )
}

fn body() -> impl Strategy<Value = FactBody> {
    let status = select(Status::ALL.to_vec());
    let maybe = || prop::option::of(text());
    let later = (select(PATHS.to_vec()), score()).prop_map(|(path, value)| added(path, value));
    let action = select(vec![Action::Pause, Action::Resume, Action::Tweak, Action::Answer, Action::Stop]);
    let step_kind = select(vec![StepKind::Thought, StepKind::ToolCall, StepKind::Error, StepKind::Tick]);
    let id = || "[ab]";
    let range = (0..=MAX_STEP, 0..=MAX_STEP).prop_map(|(from, to)| StepRange { from, to });
    prop_oneof![
        12 => snapshot(),
        4 => later,
        1 => (text(), text(), text(), maybe(), maybe()).prop_map(|(name, project, kind, agent, task)| {
            FactBody::RunStarted { name, project, kind, agent, task }
        }),
        1 => (status.clone(), maybe()).prop_map(|(status, reason)| FactBody::Status { status, reason }),
        1 => maybe().prop_map(|task| FactBody::EpisodeStarted { task }),
        3 => (status, prop::option::of(score())).prop_map(|(status, value)| FactBody::EpisodeFinished {
            status,
            return_: value.map(|v| Score::new(v).unwrap()),
        }),
        1 => (step_kind, maybe(), any::<bool>())
            .prop_map(|(kind, name, failed)| FactBody::Recorded { kind, name, failed }),
        1 => (id(), action, text()).prop_map(|(id, action, author)| FactBody::Command { id, action, author }),
        1 => (id(), text()).prop_map(|(id, result)| FactBody::Applied { id, result }),
        1 => (text(), text()).prop_map(|(answer, author)| FactBody::Answered { answer, author }),
        1 => (text(), text(), prop::option::of(range)).prop_map(|(text, author, range)| {
            FactBody::Note { text, author, range }
        }),
        1 => (text(), prop::sample::select(Severity::ALL.to_vec()), maybe())
            .prop_map(|(text, severity, monitor)| FactBody::Alert { text, severity, monitor }),
        1 => text().prop_map(|name| FactBody::Artifact { name }),
        1 => Just(FactBody::Other),
        1 => (any::<u64>(), text()).prop_map(|(lost, reason)| FactBody::Gap { lost, reason }),
    ]
}

/// A log: facts numbered from `0`, about few enough steps that they meet.
pub(crate) fn log(most: usize) -> impl Strategy<Value = Vec<Fact>> {
    let step =
        prop_oneof![6 => (0u64..8).prop_map(Some), 1 => Just(None), 1 => (0..=MAX_STEP).prop_map(Some)];
    let one = (any::<i32>(), episode(), step, body());
    prop::collection::vec(one, 0..most).prop_map(|facts| {
        let numbered = (0u64..).zip(facts).map(|(seq, (micros, episode, step, body))| Fact {
            seq,
            at: Timestamp::from_micros(micros.into()),
            episode,
            step,
            body,
        });
        numbered.collect()
    })
}
