//! The house stands: the rules hold for the workspace as it is.

use gauntlet_house::{licences, source, workspace};

#[test]
fn every_dependency_is_in_the_architecture() {
    let graph = workspace::graph().unwrap();
    assert!(graph.declared.contains_key("gauntlet-model"), "the workspace was not read: {graph:?}");
    assert!(graph.linked.contains_key("serde"), "the dependencies were not resolved");
    let mut found = graph.violations();
    found.extend(graph.unused_allowances());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_source_file_keeps_to_the_rules() {
    let sources = workspace::sources().unwrap();
    assert!(
        sources.iter().any(|(path, _)| path == "tests/house/tests/house.rs"),
        "the sources were not found"
    );
    let found: Vec<_> = sources.iter().flat_map(|(path, text)| source::violations(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_licence_is_allowed() {
    let deny = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
    let allowed = licences::allowed(&deny);
    assert!(allowed.len() > 5, "deny.toml was not understood: {allowed:?}");
    let crates = workspace::licences().unwrap();
    assert!(crates.len() > 200, "only {} crates were found", crates.len());
    let found: Vec<_> =
        crates.iter().filter(|(_, licence)| !licences::is_allowed(licence, &allowed)).collect();
    assert!(found.is_empty(), "{found:#?}");
}
