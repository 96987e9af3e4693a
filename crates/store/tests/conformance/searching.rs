//! Searching: what was appended is found, by what people type, and the answer has how far the index is.

use std::collections::BTreeSet;
use std::time::Duration;

use gauntlet_model::{
    AnnotationAdded, Body, EpisodeId, Event, EventId, FailureKind, FailureRules, Object, RunId, RunPatch,
    RunSpec, Score, ScoreAdded, ScoreTarget, Scores, SnapshotScored, StepError, StepKind, StepRecorded,
};
use gauntlet_store::{
    FailureFilter, Hit, QuerySyntax, SearchPage, SearchQuery, Store, StoreError, TextField,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::Backend;
use super::fixtures::*;

/// Asks until the index holds everything; the answer then.
pub(super) async fn settled(store: &Store, query: &SearchQuery) -> SearchPage {
    for _ in 0..400 {
        let page = store.search(query).await.unwrap();
        if page.progress.waiting == 0 {
            assert_eq!(page.progress.indexed_up_to, None);
            return page;
        }
        assert!(page.progress.indexed_up_to.is_some());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index does not catch up");
}

async fn steps_of(store: &Store, q: &str) -> Vec<u64> {
    let page = settled(store, &SearchQuery { limit: 200, ..SearchQuery::new(q) }).await;
    page.items.iter().filter_map(|hit| hit.step).collect()
}

fn event(n: u128, step: Option<u64>, body: impl Into<Body>) -> Event {
    Event::new(EventId::from_u128(n), at(1), None, step, body).unwrap()
}

pub(super) fn acted(n: u128, step: u64, action: &str, scores: &[(&str, f64)]) -> Event {
    let scores = Scores::new(scores.iter().copied()).unwrap();
    event(n, Some(step), SnapshotScored { scores, action: action.to_owned(), ..SnapshotScored::default() })
}

fn object(value: serde_json::Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn recorded(n: u128, step: u64, kind: StepKind, name: Option<&str>, payload: serde_json::Value) -> Event {
    let body = StepRecorded {
        step_kind: kind,
        name: name.map(str::to_owned),
        span_id: "0123456789abcdef".to_owned(),
        parent_span_id: None,
        started_at: at(1),
        ended_at: None,
        payload: object(payload),
        error: None,
        metadata: Object::new(),
    };
    event(n, Some(step), body)
}

fn marked(hit: &Hit) -> Vec<&str> {
    hit.snippet.iter().filter(|s| s.hit).map(|s| s.text.as_str()).collect()
}

pub(crate) async fn every_text_is_found_with_its_field(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let spec = RunSpec {
        project: Some("neurology".to_owned()),
        tags: vec!["ablation".to_owned()],
        config: object(json!({ "optimizer": "adafactor", "lr": 0.1 })),
        rules: FailureRules::Dipg,
        ..RunSpec::named("pontine glioma")
    };
    let run = run_id("r");
    store.create_run(spec, run.clone(), at(0)).await.unwrap();
    let snapshot = SnapshotScored {
        scores: Scores::new([("root", -20.0), ("grounding", -20.0), ("format", 1.0)]).unwrap(),
        action: "the biopsy shows astrocytes".to_owned(),
        observation: "the report mentions edema".to_owned(),
        metadata: object(json!({ "task_id": "tumour-board", "nested": [{ "deep": "quokka" }] })),
        ..SnapshotScored::default()
    };
    let failed = StepRecorded {
        error: Some(StepError {
            kind: "TimeoutError".to_owned(),
            message: "the gateway never answered".to_owned(),
            traceback: Some("in fetch_labs".to_owned()),
        }),
        ..match recorded(0, 0, StepKind::ToolResult, None, json!({})).body() {
            Body::StepRecorded(body) => body.clone(),
            _ => unreachable!(),
        }
    };
    let note =
        AnnotationAdded { text: "compare with the atlas".to_owned(), author: "ada".to_owned(), range: None };
    let events = vec![
        event(1, Some(1), snapshot),
        recorded(2, 2, StepKind::Thought, None, json!({ "text": "perhaps a necrosis" })),
        recorded(
            3,
            2,
            StepKind::ToolCall,
            Some("search_pubmed"),
            json!({ "arguments": { "query": "H3K27M" } }),
        ),
        event(4, Some(2), failed),
        event(5, None, note),
    ];
    store.append(&run, events, at(2)).await.unwrap();

    let cases = [
        ("glioma", 0, TextField::Name),
        ("neurology", 0, TextField::Name),
        ("ablation", 0, TextField::Name),
        ("adafactor", 0, TextField::Metadata),
        ("astrocytes", 1, TextField::Action),
        ("edema", 1, TextField::Observation),
        ("quokka", 1, TextField::Metadata),
        ("necrosis", 2, TextField::Payload),
        ("pubmed", 3, TextField::Name),
        ("h3k27m", 3, TextField::Payload),
        ("gateway", 4, TextField::Error),
        ("timeouterror", 4, TextField::Error),
        ("fetch_labs", 4, TextField::Error),
        ("atlas", 5, TextField::Note),
    ];
    for (word, seq, field) in cases {
        let page = settled(store, &SearchQuery::new(word)).await;
        let [hit] = page.items.as_slice() else { panic!("{word}: {page:?}") };
        assert_eq!((hit.seq, hit.field), (seq, Some(field)), "{word}");
        assert_eq!(marked(hit).join("").to_lowercase(), word, "{:?}", hit.snippet);
        assert_eq!(
            (hit.run.as_str(), hit.run_name.as_str(), hit.project.as_str()),
            ("r", "pontine glioma", "neurology")
        );
        assert!(hit.rank.is_some_and(|rank| rank > 0.0));
    }
    let hit = &settled(store, &SearchQuery::new("astrocytes")).await.items[0];
    let text: String = hit.snippet.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(text, "the biopsy shows astrocytes");
    let judged = hit.judged.as_ref().unwrap();
    assert_eq!(judged.root, Some(-20.0));
    assert_eq!(judged.failure.map(|f| f.as_str()), Some("hallucination"));
    let failing: Vec<&str> = judged.failing.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(failing, ["root", "grounding"]);
}

pub(crate) async fn marks_narrow_and_widen(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let texts = [
        "the pontine lesion is new",
        "a lesion, pontine at that",
        "naïve Bayes and café",
        "an unrelated remark on lesions",
        "the patient's R&D note: well-known",
    ];
    let events = (1..).zip(texts).map(|(n, text)| acted(n, n as u64, text, &[("root", 1.0)])).collect();
    fresh.store.append(&run, events, at(2)).await.unwrap();
    let check = async |q: &str, steps: &[u64]| {
        let found: BTreeSet<u64> = steps_of(&fresh.store, q).await.into_iter().collect();
        assert_eq!(found, steps.iter().copied().collect(), "{q}");
    };
    check("pontine lesion", &[1, 2]).await;
    check("\"pontine lesion\"", &[1]).await;
    check("lesion", &[1, 2]).await;
    check("lesion*", &[1, 2, 4]).await;
    check("lesion* -pontine", &[4]).await;
    check("naive cafe", &[3]).await;
    check("CAFÉ", &[3]).await;
    check("bayes OR remark", &[3, 4]).await;
    check("bayes OR remark lesions", &[4]).await;
    check("patient's", &[5]).await;
    check("R&D", &[5]).await;
    check("well-known", &[5]).await;
    check("action", &[]).await;
    check("note:", &[5]).await;
    let any = SearchQuery { syntax: QuerySyntax::AnyTerm, ..SearchQuery::new("pontines, remarked!") };
    let found: BTreeSet<_> = settled(&fresh.store, &any).await.items.iter().filter_map(|h| h.step).collect();
    assert_eq!(found, BTreeSet::from([1, 2, 4]));
    let hit = &settled(&fresh.store, &SearchQuery::new("\"pontine lesion\" ne*")).await.items[0];
    assert_eq!(marked(hit), ["pontine lesion", "new"]);
}

pub(crate) async fn words_without_spaces_are_found(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let run = started(&fresh.store, "r").await;
    let texts = [
        "脳幹に病変が認められる。",
        "这个模型产生了幻觉 (GPT模型v2)",
        "데이터센터에서 실행",
        "no lesion, 正常",
    ];
    let events = (1..).zip(texts).map(|(n, text)| acted(n, n as u64, text, &[]));
    fresh.store.append(&run, events.collect(), at(2)).await.unwrap();
    for (typed, found, shown) in [
        ("病変", vec![1], "病変"),
        ("変病", vec![], ""),
        ("認めら*", vec![1], "認めら"),
        ("幻觉", vec![2], "幻觉"),
        ("gpt模型", vec![2], "GPT模型"),
        ("GPT", vec![2], "GPT"),
        ("\"模型产生\" -病変", vec![2], "模型产生"),
        ("센터", vec![3], "센터"),
        ("lesion 正常", vec![4], "lesion"),
    ] {
        let page = settled(&fresh.store, &SearchQuery::new(typed)).await;
        assert_eq!(page.items.iter().filter_map(|hit| hit.step).collect::<Vec<_>>(), found, "{typed}");
        for hit in &page.items {
            assert_eq!(marked(hit)[0], shown, "{typed}");
            let text: String = hit.snippet.iter().map(|s| s.text.as_str()).collect();
            assert_eq!(Some(&*text), hit.step.and_then(|step| texts.get(step as usize - 1)).copied());
        }
    }
    let asked =
        SearchQuery { syntax: QuerySyntax::AnyTerm, ..SearchQuery::new("モデルの幻觉は何ですか") };
    assert_eq!(settled(&fresh.store, &asked).await.items[0].step, Some(2));
}

pub(crate) async fn filters_leave_what_fails_so(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let (a, b) = (run_id("a"), run_id("b"));
    for (run, project) in [(&a, "one"), (&b, "two")] {
        let rules = FailureRules::Dipg;
        let spec = RunSpec { project: Some(project.to_owned()), rules, ..RunSpec::named(run.as_str()) };
        store.create_run(spec, run.clone(), at(0)).await.unwrap();
        let events = vec![
            acted(1, 1, "same words", &[("root", 5.0), ("format", 1.0)]),
            acted(2, 2, "same words", &[("root", -30.0), ("safety.grounding", -20.0), ("format", 0.0)]),
            acted(3, 3, "same words", &[("root", 2.0), ("format", 0.0)]),
            recorded(4, 2, StepKind::Thought, None, json!({ "text": "same words" })),
            recorded(5, 1, StepKind::Thought, None, json!({ "text": "same words" })),
        ];
        store.append(run, events, at(2)).await.unwrap();
    }
    let check = async |change: &dyn Fn(&mut SearchQuery), seqs: &[(&str, u64)]| {
        for q in ["same words", ""] {
            let mut query = SearchQuery::new(q);
            change(&mut query);
            if q.is_empty() {
                // Without words, the failing snapshots themselves are listed.
                query.snapshots_only = true;
            }
            let page = settled(store, &query).await;
            let found: BTreeSet<(String, u64)> =
                page.items.iter().map(|h| (h.run.to_string(), h.seq)).filter(|(_, seq)| *seq > 0).collect();
            let expected: BTreeSet<(String, u64)> = seqs
                .iter()
                .filter(|(_, seq)| !query.snapshots_only || *seq <= 3)
                .map(|(run, seq)| ((*run).to_owned(), *seq))
                .collect();
            assert_eq!(found, expected, "{query:?}");
        }
    };
    let by = |word: &str| Some(FailureFilter::By(word.to_owned()));
    let all = [("a", 1), ("a", 2), ("a", 3), ("a", 4), ("a", 5)];
    check(&|q| q.project = Some("one".to_owned()), &all).await;
    check(&|q| q.run = Some(run_id("a")), &all).await;
    check(
        &|q| (q.run, q.failing) = (Some(run_id("b")), Some(FailureFilter::Any)),
        &[("b", 2), ("b", 3), ("b", 4)],
    )
    .await;
    check(&|q| q.failing = by("grounding"), &[("a", 2), ("a", 4), ("b", 2), ("b", 4)]).await;
    check(&|q| q.failing = by("hallucination"), &[("a", 2), ("a", 4), ("b", 2), ("b", 4)]).await;
    check(&|q| (q.run, q.failing) = (Some(run_id("a")), by("format")), &[("a", 2), ("a", 3), ("a", 4)]).await;
    check(&|q| q.failing = by("ground"), &[]).await;
    check(&|q| q.failing = by("refusal"), &[]).await;
    check(&|q| (q.run, q.snapshots_only) = (Some(run_id("a")), true), &[("a", 1), ("a", 2), ("a", 3)]).await;
    // A later snapshot of the same step takes its failure back.
    store.append(&a, vec![acted(6, 2, "same words", &[("root", 1.0)])], at(3)).await.unwrap();
    let thought =
        SearchQuery { run: Some(a), failing: Some(FailureFilter::Any), ..SearchQuery::new("same words") };
    let found: Vec<u64> = settled(store, &thought).await.items.iter().map(|h| h.seq).collect();
    assert!(!found.contains(&4), "{found:?}");
}

pub(crate) async fn a_result_shows_its_step_with_later_scores(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = judged(store, "r", FailureRules::Dipg).await;
    let later = |n: u128, step: u64, path: &str, value: f64| {
        let value = Score::new(value).unwrap();
        let (target, path) = (ScoreTarget::Step, path.to_owned());
        let body =
            ScoreAdded { target, path, value, label: None, explanation: None, source: "judge".to_owned() };
        event(n, Some(step), body)
    };
    let events = vec![
        acted(1, 1, "taken back", &[("root", 1.0), ("format", 0.0)]),
        later(2, 1, "format", 1.0),
        acted(3, 2, "found later", &[("root", 1.0), ("format", 1.0)]),
        later(4, 2, "safety.grounding", -20.0),
        // Replaced together with the snapshot under it.
        acted(5, 3, "scored again", &[("root", 1.0)]),
        later(6, 3, "format", 0.0),
        acted(7, 3, "scored again", &[("root", 1.0), ("refusal", 0.0)]),
    ];
    store.append(&run, events, at(2)).await.unwrap();
    for (q, failing) in [
        ("taken", vec![]),
        ("found", vec![("safety.grounding".to_owned(), -20.0, FailureKind::Hallucination)]),
        ("again", vec![]),
    ] {
        let hits = settled(store, &SearchQuery::new(q)).await.items;
        assert!(!hits.is_empty());
        hits.into_iter().for_each(|hit| assert_eq!(hit.judged.unwrap().failing, failing, "{q}"));
    }
    let found = async |word: &str| {
        let failing = Some(FailureFilter::By(word.to_owned()));
        let page =
            settled(store, &SearchQuery { failing, ..SearchQuery::new("found OR taken OR again") }).await;
        page.items.iter().filter_map(|hit| hit.step).collect::<Vec<_>>()
    };
    assert_eq!((found("format").await, found("grounding").await), (vec![], vec![2]));
}

pub(crate) async fn a_run_is_found_as_it_is_called_today(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "armadillo").await;
    store.append(&run, vec![acted(1, 1, "text", &[("root", 1.0)])], at(2)).await.unwrap();
    settled(store, &SearchQuery::new("armadillo")).await;
    let patch = RunPatch {
        name: Some("pangolin".to_owned()),
        tags: Some(vec!["keep".to_owned()]),
        notes: Some("worth a closer look".to_owned()),
        ..RunPatch::default()
    };
    store.patch_run(&run, patch, at(3)).await.unwrap();
    for word in ["pangolin", "keep", "closer"] {
        let page = settled(store, &SearchQuery::new(word)).await;
        assert_eq!(page.items.iter().map(|h| h.seq).collect::<Vec<_>>(), [0], "{word}");
    }
    // Its id stays findable, its old name is not kept.
    let page = settled(store, &SearchQuery::new("armadillo pangolin")).await;
    assert_eq!(page.items.len(), 1);
    let name = RunPatch { name: Some("okapi".to_owned()), ..RunPatch::default() };
    store.patch_run(&run, name, at(4)).await.unwrap();
    assert_eq!(settled(store, &SearchQuery::new("pangolin")).await.items, []);
}

pub(crate) async fn a_deleted_run_is_not_found(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let (kept, deleted) = (started(store, "kept").await, started(store, "deleted").await);
    for run in [&kept, &deleted] {
        store
            .append(run, (1..30).map(|n| acted(n, n as u64, "walrus", &[("root", 1.0)])).collect(), at(2))
            .await
            .unwrap();
    }
    let query = SearchQuery { limit: 10, ..SearchQuery::new("walrus") };
    let page = settled(store, &query).await;
    assert_eq!(settled(store, &SearchQuery { limit: 200, ..query.clone() }).await.items.len(), 58);
    store.delete_run(&deleted, at(9)).await.unwrap();
    // At once, and in a list that was ranked before.
    let all = store.search(&SearchQuery { limit: 200, ..query.clone() }).await.unwrap();
    assert_eq!(all.items.len(), 29);
    assert!(all.items.iter().all(|h| h.run == kept));
    let rest = store.search(&SearchQuery { cursor: page.next_cursor, limit: 200, ..query }).await.unwrap();
    assert!(rest.items.iter().all(|h| h.run == kept));
    let asked = store.search(&SearchQuery { run: Some(deleted), ..SearchQuery::new("walrus") }).await;
    assert!(matches!(asked, Err(StoreError::NotFound(_))), "{asked:?}");
}

pub(crate) async fn the_index_follows_and_reports_how_far(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    let total = 12_000_u64;
    let query = SearchQuery { run: Some(run.clone()), ..SearchQuery::new("") };
    for from in (0..total).step_by(3000) {
        let events = (from..from + 3000)
            .map(|n| acted(u128::from(n), n, &format!("word{n} of step"), &[("root", 1.0)]))
            .collect();
        store.append(&run, events, at(from as i64)).await.unwrap();
        // What the answer reports as indexed is found; what it finds was appended.
        let progress = store.search(&query).await.unwrap().progress;
        assert!(progress.waiting <= from + 3001, "{progress:?}");
        if let Some(seq) = (from + 3001).checked_sub(progress.waiting + 2) {
            let found = store.search(&SearchQuery::new(format!("word{seq}"))).await.unwrap();
            assert_eq!(found.items.len(), 1, "step {seq} is indexed, by {progress:?}");
        }
    }
    settled(store, &query).await;
    for n in [0, 1, total / 2, total - 1] {
        assert_eq!(steps_of(store, &format!("word{n}")).await, [n]);
    }
    let all = settled(store, &SearchQuery::new("step")).await;
    assert!(all.more, "only the best thousand are ranked");
}

pub(crate) async fn no_query_breaks_it(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    let odd = ["a \"b\" c*", "\u{1F600} naïve 東京 x", "{col} : ^x NEAR(a, 2)", "", "\u{2}in\u{3} \0 out"];
    let events = (1..).zip(odd).map(|(n, text)| acted(n, n as u64, text, &[("root", 1.0)])).collect();
    store.append(&run, events, at(2)).await.unwrap();
    settled(store, &SearchQuery::new("a")).await;
    let typed = prop_oneof![
        any::<String>(),
        "[\"*()^:+{}a-cOR -]{0,40}",
        proptest::collection::vec(
            prop_oneof![
                Just("AND".to_owned()),
                Just("OR".to_owned()),
                Just("NOT".to_owned()),
                Just("NEAR(".to_owned()),
                Just("\"".to_owned()),
                Just("*".to_owned()),
                Just("-".to_owned()),
                Just("東京".to_owned()),
                Just("texts".to_owned()),
                Just("rank:".to_owned()),
                Just("\0".to_owned()),
                Just("'; DROP".to_owned()),
                "[a-zé]{1,8}",
            ],
            0..12
        )
        .prop_map(|words| words.join(" ")),
    ];
    let readings =
        prop_oneof![Just(QuerySyntax::Operators), Just(QuerySyntax::AllTerms), Just(QuerySyntax::AnyTerm)];
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() });
    let handle = tokio::runtime::Handle::current();
    let outcome = runner.run(&(typed, readings), |(q, syntax)| {
        let query = SearchQuery { syntax, ..SearchQuery::new(&q) };
        let found = tokio::task::block_in_place(|| handle.block_on(store.search(&query)));
        match found {
            Ok(page) => {
                let clean =
                    page.items.iter().flat_map(|h| &h.snippet).all(|s| !s.text.contains(char::is_control));
                prop_assert!(clean, "{:?}", page);
            }
            Err(StoreError::Invalid { field, .. }) => prop_assert_eq!(field, "q"),
            Err(other) => prop_assert!(false, "{:?}: {}", q, other),
        }
        Ok(())
    });
    outcome.unwrap();
}

pub(crate) async fn what_cannot_be_asked_is_named(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    store
        .append(&run, (1..9).map(|n| acted(n, n as u64, "word", &[("root", 1.0)])).collect(), at(2))
        .await
        .unwrap();
    let refused = async |query: SearchQuery, named: &str| match store.search(&query).await {
        Err(StoreError::Invalid { field, .. }) => assert_eq!(field, named, "{query:?}"),
        other => panic!("{query:?}: {other:?}"),
    };
    let word = || SearchQuery { limit: 2, ..SearchQuery::new("word") };
    refused(SearchQuery { limit: 0, ..word() }, "limit").await;
    refused(SearchQuery { limit: 201, ..word() }, "limit").await;
    refused(SearchQuery { q: "-word".to_owned(), ..word() }, "q").await;
    refused(SearchQuery { q: "***".to_owned(), ..word() }, "q").await;
    let cursor = settled(store, &word()).await.next_cursor;
    assert!(cursor.is_some());
    refused(SearchQuery { q: "words".to_owned(), cursor: cursor.clone(), ..word() }, "cursor").await;
    refused(SearchQuery { q: String::new(), cursor, ..word() }, "cursor").await;
    refused(SearchQuery { cursor: Some("c.1".to_owned()), ..word() }, "cursor").await;
    let nobody = SearchQuery { run: Some(RunId::new("nobody").unwrap()), ..word() };
    assert!(matches!(store.search(&nobody).await, Err(StoreError::NotFound(_))));
    let episode = EpisodeId::new("e1").unwrap();
    let body = SnapshotScored { action: "lynx".to_owned(), ..SnapshotScored::default() };
    let apart = Event::new(EventId::from_u128(77), at(1), Some(episode.clone()), Some(1), body).unwrap();
    store.append(&run, vec![apart], at(3)).await.unwrap();
    let found = settled(store, &SearchQuery::new("lynx")).await;
    assert_eq!(found.items[0].episode, Some(episode));
}
