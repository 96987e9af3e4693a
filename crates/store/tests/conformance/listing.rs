//! Lists of runs: pages, orders, filters, search.

use gauntlet_model::{RunPatch, RunSpec, Status};
use gauntlet_store::{Order, RunColumn, RunField, RunQuery, Store, StoreError};

use super::Backend;
use super::fixtures::*;

/// Every page of a query, one after the other, as ids.
async fn listed(store: &Store, query: RunQuery) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.runs(RunQuery { cursor, ..query.clone() }).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        ids.extend(page.items.iter().map(|run| run.id.to_string()));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return ids,
        }
    }
}

fn pages_of(limit: u32, sort: RunField) -> RunQuery {
    RunQuery { limit, order: sort.into(), ..RunQuery::default() }
}

pub(crate) async fn pages_hold_every_run_once(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    assert!(listed(&fresh.store, RunQuery::default()).await.is_empty());
    for n in 0..23 {
        started(&fresh.store, &format!("r{n:02}")).await;
    }
    let expected: Vec<String> = (0..23).rev().map(|n| format!("r{n:02}")).collect();
    for limit in [1, 5, 22, 23, 24, 1000] {
        assert_eq!(listed(&fresh.store, pages_of(limit, RunField::Created)).await, expected, "limit {limit}");
    }
    // All share one name's length and one time of change: ties must not lose a run.
    for sort in [RunField::Updated, RunField::Name] {
        let mut ids = listed(&fresh.store, pages_of(4, sort)).await;
        ids.sort();
        ids.reverse();
        assert_eq!(ids, expected, "{sort:?}");
    }
    // A run created while somebody turns pages does not disturb the pages after.
    let first = fresh.store.runs(pages_of(10, RunField::Created)).await.unwrap();
    started(&fresh.store, "late").await;
    let cursor = first.next_cursor;
    let second = fresh.store.runs(RunQuery { cursor, ..pages_of(10, RunField::Created) }).await.unwrap();
    assert_eq!(second.items[0].id.as_str(), "r12");
}

pub(crate) async fn each_sort_orders(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    for (id, name) in [("1", "beta"), ("2", "Alpha"), ("3", "alpha"), ("4", "Gamma"), ("5", "alpha")] {
        fresh.store.create_run(RunSpec::named(name), run_id(id), at(0)).await.unwrap();
    }
    fresh.store.append(&run_id("2"), notes(0..1), at(5)).await.unwrap();
    fresh.store.append(&run_id("4"), notes(0..1), at(4)).await.unwrap();
    for limit in [1, 2, 100] {
        assert_eq!(listed(&fresh.store, pages_of(limit, RunField::Created)).await, ["5", "4", "3", "2", "1"]);
        assert_eq!(listed(&fresh.store, pages_of(limit, RunField::Updated)).await, ["2", "4", "5", "3", "1"]);
        assert_eq!(listed(&fresh.store, pages_of(limit, RunField::Name)).await, ["2", "3", "5", "1", "4"]);
    }
}

pub(crate) async fn each_column_sorts_both_ways(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let runs: [(&str, &str, &[f64]); 5] = [
        ("1", "beta", &[1.0, -1.0]),
        ("2", "Alpha", &[0.5]),
        ("3", "alpha", &[]),
        ("4", "gamma", &[-3.0, -3.0, -3.0]),
        ("5", "beta", &[1.0, -1.0]),
    ];
    for (id, project, roots) in runs {
        let spec = RunSpec { project: Some(project.to_owned()), ..RunSpec::named(id) };
        fresh.store.create_run(spec, run_id(id), at(0)).await.unwrap();
        let scored = (0..).zip(roots).map(|(n, root)| snapshot(n.into(), n, &[("root", *root)])).collect();
        fresh.store.append(&run_id(id), scored, at(1)).await.unwrap();
    }
    let failed = RunPatch { status: Some(Status::Failed), ..RunPatch::default() };
    fresh.store.patch_run(&run_id("3"), failed, at(2)).await.unwrap();
    for (sort, expected) in [
        (RunField::Project, ["2", "3", "1", "5", "4"]),
        (RunField::Steps, ["4", "5", "1", "2", "3"]),
        (RunField::Failing, ["4", "5", "1", "2", "3"]),
        (RunField::Mean, ["2", "5", "1", "4", "3"]),
    ] {
        for limit in [1, 2, 100] {
            let query = pages_of(limit, sort);
            assert_eq!(listed(&fresh.store, query.clone()).await, expected, "{sort:?}");
            let order = Order { is_reversed: true, ..sort.into() };
            let mut backwards: Vec<&str> = expected.into_iter().rev().collect();
            // Without a scored step it has neither a share nor a mean, and is last in both directions.
            if matches!(sort, RunField::Failing | RunField::Mean) {
                backwards.rotate_left(1);
            }
            assert_eq!(listed(&fresh.store, RunQuery { order, ..query }).await, backwards, "{sort:?}");
        }
    }
    assert_eq!(listed(&fresh.store, pages_of(2, RunField::Status)).await[0], "3", "failed is before running");
    assert_eq!(fresh.store.count_runs(&pages_of(2, RunField::Steps)).await.unwrap(), 5);
    let beta = RunQuery { project: Some("beta".to_owned()), ..RunQuery::default() };
    assert_eq!(fresh.store.count_runs(&beta).await.unwrap(), 2);
    assert_eq!("-steps".parse(), Ok(Order { is_reversed: true, ..RunField::Steps.into() }));
    assert!("steps-".parse::<Order>().unwrap_err().to_string().contains("- in front reverses the order"));
}

pub(crate) async fn groups_bring_runs_together(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let runs = [
        ("1", serde_json::json!({"lr": 0.5}), Some(1.0)),
        ("2", serde_json::json!({"lr": "fast"}), Some(3.0)),
        ("3", serde_json::json!({}), None),
        ("4", serde_json::json!({"lr": 2}), Some(4.0)),
        ("5", serde_json::json!({"lr": 0.5}), Some(2.0)),
        ("6", serde_json::json!({"lr": 2.0}), None),
        ("7", serde_json::json!({}), Some(5.0)),
    ];
    for (n, (id, config, root)) in (0..).zip(runs) {
        let config = config.as_object().cloned().unwrap();
        let spec = RunSpec { config, ..RunSpec::named(id) };
        fresh.store.create_run(spec, run_id(id), at(n)).await.unwrap();
        let scored = root.map(|root| snapshot(100 + n as u128, 0, &[("root", root)]));
        fresh.store.append(&run_id(id), scored.into_iter().collect(), at(n)).await.unwrap();
    }
    let lr = RunColumn::Config("lr".to_owned());
    for limit in [1, 2, 3, 100] {
        let by = |sort: RunField| RunQuery { group: Some(lr.clone()), ..pages_of(limit, sort) };
        assert_eq!(listed(&fresh.store, by(RunField::Created)).await, ["5", "1", "6", "4", "2", "7", "3"]);
        assert_eq!(listed(&fresh.store, by(RunField::Mean)).await, ["5", "1", "4", "6", "2", "7", "3"]);
    }
    let query = RunQuery {
        group: Some(lr.clone()),
        columns: vec![RunField::Mean.into(), RunField::Status.into(), RunField::Steps.into()],
        ..RunQuery::default()
    };
    let groups = fresh.store.run_groups(&query, 4).await.unwrap();
    let found: Vec<_> = groups.iter().map(|group| (group.value.to_string(), group.runs)).collect();
    // The newest of the runs says how the value is written.
    let expect = [("0.5", 2), ("2.0", 2), ("\"fast\"", 1), ("null", 2)];
    assert_eq!(found, expect.map(|(value, runs)| (value.to_owned(), runs)));
    assert_eq!(groups[0].means, [Some(1.5), None, Some(1.0)]);
    assert_eq!(groups[1].means, [Some(4.0), None, Some(0.5)]);
    let page = fresh.store.runs(query.clone()).await.unwrap();
    let keys: Vec<_> = groups.iter().flat_map(|it| vec![it.key.clone(); it.runs as usize]).collect();
    assert_eq!(page.groups, keys);
    let refused = fresh.store.run_groups(&query, 3).await;
    assert!(matches!(refused, Err(StoreError::Invalid { ref field, .. }) if field == "group"), "{refused:?}");
    let by_number = RunQuery { group: Some(RunField::Steps.into()), ..query };
    let refused = fresh.store.runs(by_number).await;
    assert!(matches!(refused, Err(StoreError::Invalid { ref field, .. }) if field == "group"), "{refused:?}");
    // A run without an event is pending, which is before running.
    for (column, first) in [(RunField::Status, "6"), (RunField::Project, "7"), (RunField::Task, "7")] {
        let by = RunQuery { group: Some(column.into()), ..pages_of(2, RunField::Created) };
        assert_eq!(listed(&fresh.store, by).await[0], first, "{column:?}");
    }
}

pub(crate) async fn filters_narrow(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    for n in 0..12 {
        let spec = RunSpec {
            project: Some(if n % 2 == 0 { "even" } else { "odd" }.to_owned()),
            tags: if n % 3 == 0 { vec!["third".to_owned(), "x".to_owned()] } else { vec![] },
            ..RunSpec::named("run")
        };
        let id = run_id(&format!("{n:02}"));
        fresh.store.create_run(spec, id.clone(), at(n)).await.unwrap();
        if n > 7 {
            let patch = RunPatch { status: Some(Status::Failed), ..RunPatch::default() };
            fresh.store.patch_run(&id, patch, at(n)).await.unwrap();
        }
    }
    let query = || pages_of(2, RunField::Created);
    let even = RunQuery { project: Some("even".to_owned()), ..query() };
    assert_eq!(listed(&fresh.store, even.clone()).await, ["10", "08", "06", "04", "02", "00"]);
    let third = RunQuery { tag: Some("third".to_owned()), ..even.clone() };
    assert_eq!(listed(&fresh.store, third).await, ["06", "00"]);
    let failed = RunQuery { status: Some(Status::Failed), ..even };
    assert_eq!(listed(&fresh.store, failed).await, ["10", "08"]);
    let part_of_a_tag = RunQuery { tag: Some("thir".to_owned()), ..query() };
    assert!(listed(&fresh.store, part_of_a_tag).await.is_empty());
}

pub(crate) async fn search_finds_text_literally(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let runs = [
        ("a", RunSpec { task: Some("100% done".to_owned()), ..RunSpec::named("Maze") }),
        ("b", RunSpec { agent: Some("maze_bot".to_owned()), ..RunSpec::named("one") }),
        (
            "c",
            RunSpec {
                tags: vec!["amazed".to_owned()],
                project: Some("Medical trials".to_owned()),
                ..RunSpec::named("two")
            },
        ),
        ("maze-id", RunSpec::named("three")),
        ("e", RunSpec::named(r"back\slash ' quote")),
    ];
    for (id, spec) in runs {
        fresh.store.create_run(spec, run_id(id), at(0)).await.unwrap();
    }
    let patch = RunPatch { notes: Some("lost in the MAZE".to_owned()), ..RunPatch::default() };
    fresh.store.patch_run(&run_id("e"), patch, at(1)).await.unwrap();
    for (text, found) in [
        ("maze", vec!["e", "maze-id", "c", "b", "a"]),
        ("0%", vec!["a"]),
        ("e_b", vec!["b"]),
        ("%", vec!["a"]),
        (r"\", vec!["e"]),
        ("' q", vec!["e"]),
        ("nothing like it", vec![]),
        // Projects as well; words need not be next to each other, nor in one field; each must be there.
        ("medical", vec!["c"]),
        ("two  MEDI", vec!["c"]),
        ("done maze", vec!["a"]),
        ("amazed one", vec![]),
        ("", vec!["e", "maze-id", "c", "b", "a"]),
    ] {
        let query = RunQuery { q: Some(text.to_owned()), ..pages_of(2, RunField::Created) };
        assert_eq!(listed(&fresh.store, query).await, found, "{text:?}");
    }
}

pub(crate) async fn a_bad_cursor_is_refused(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    for n in 0..3 {
        started(&fresh.store, &n.to_string()).await;
    }
    let page = fresh.store.runs(pages_of(1, RunField::Created)).await.unwrap();
    let bad = [
        ("cursor", RunQuery { cursor: Some("1; DROP TABLE runs".to_owned()), ..RunQuery::default() }),
        ("cursor", RunQuery { cursor: page.next_cursor, ..pages_of(1, RunField::Name) }),
        ("limit", pages_of(0, RunField::Created)),
        ("limit", pages_of(1001, RunField::Created)),
    ];
    for (wrong, query) in bad {
        match fresh.store.runs(query).await {
            Err(StoreError::Invalid { field, .. }) => assert_eq!(field, wrong),
            other => panic!("{other:?}"),
        }
    }
}
