//! The rules of the repository, checked for the workspace as it is.

use std::collections::BTreeMap;

use gauntlet_house::{functions, graph, identifiers, migrations, modules, names, purity, source, workspace};

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
fn the_documents_of_contributors_name_files_that_exist() {
    const FOLDERS: [&str; 9] =
        ["app", "bench", "cli", "crates", "frontend", "scripts", "sdk", "server", "tests"];
    let mut found = Vec::new();
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(workspace::root().join(document)).unwrap();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-*".contains(c);
        let words = text.split(|c| !is_part(c)).map(|word| word.trim_end_matches(['.', '/']));
        let paths = words.filter(|word| {
            let folder = word.split_once('/').map(|(folder, _)| folder);
            folder.is_some_and(|folder| FOLDERS.contains(&folder)) && !word.contains('*')
        });
        let paths: Vec<_> = paths.collect();
        assert!(!paths.is_empty(), "{document} was not understood");
        let missing = paths.iter().filter(|path| !workspace::root().join(path).exists());
        found.extend(missing.map(|path| format!("{document}: there is no {path}")));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The folder of the crate that a source file belongs to, and its path below `src`; `None` for other files.
fn in_crate(path: &str) -> Option<(&str, &str)> {
    path.split_once("/src/").filter(|(_, file)| file.ends_with(".rs"))
}

#[test]
fn no_crate_has_an_import_circle() {
    let sources = workspace::sources().unwrap();
    let mut crates: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (path, text) in &sources {
        if let Some((name, file)) = in_crate(path) {
            crates.entry(name).or_default().push((file, text));
        }
    }
    assert!(crates.len() > 10, "the crates were not found: {:?}", crates.keys());
    let circles = crates.iter().flat_map(|(name, files)| {
        modules::circles(files).into_iter().map(move |circle| format!("{name}: {circle}"))
    });
    let found: Vec<_> = circles.collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_code_of_pure_crates_is_pure() {
    let sources = workspace::sources().unwrap();
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, text) in &sources {
        let Some((folder, _)) = in_crate(path) else { continue };
        let name = format!("gauntlet-{}", folder.trim_start_matches("crates/"));
        if graph::PURE.contains(&name.as_str()) {
            *crates.entry(name).or_default() += 1;
            found.extend(purity::violations(text).into_iter().map(|word| format!("{path}: {word}")));
        }
    }
    assert_eq!(crates.len(), graph::PURE.len(), "pure crates were not found: {crates:?}");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn columns_of_the_store_are_read_by_name() {
    let sources = workspace::sources().unwrap();
    let store: Vec<_> = sources.iter().filter(|(path, _)| path.starts_with("crates/store/src/")).collect();
    let reads = store.iter().filter(|(_, text)| text.contains("try_get(\"")).count();
    assert!(reads > 10, "the files that read columns were not found: {reads}");
    let mut found = Vec::new();
    // A statement that asks for one value has one column, which is read in one file.
    for (path, text) in store.into_iter().filter(|(path, _)| !path.ends_with("/database/query.rs")) {
        let is_by_number = |line: &&str| {
            let mut rest = line.split("get(").skip(1).chain(line.split("get_unchecked(").skip(1));
            rest.any(|argument| argument.starts_with(|c: char| c.is_ascii_digit()))
        };
        let by_number = text.lines().filter(is_by_number).filter(|line| line.contains("row"));
        found.extend(by_number.map(|line| format!("{path}: {}", line.trim())));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_identifier_has_a_banned_word() {
    let sources = workspace::sources().unwrap();
    let code = sources.iter().filter(|(path, _)| in_crate(path).is_some());
    let found = code.flat_map(|(path, text)| {
        identifiers::violations(text).into_iter().map(move |ident| format!("{path}: {ident}"))
    });
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_public_type_has_a_name_that_others_have() {
    let sources = workspace::sources().unwrap();
    let files: Vec<_> = sources
        .iter()
        .filter_map(|(path, text)| in_crate(path).map(|(name, _)| (name, path.as_str(), text.as_str())))
        .collect();
    assert!(files.len() > 100, "the crates were not found: {}", files.len());
    let found = names::doubled(&files);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn only_the_backends_of_the_store_contain_sql() {
    let sources = workspace::sources().unwrap();
    let contains_sql = |text: &str| text.contains("sqlx") || text.contains("rusqlite");
    let is_backend = |path: &str| {
        ["database", "sqlite", "postgres"]
            .iter()
            .any(|folder| path.starts_with(&format!("crates/store/src/{folder}/")))
    };
    let (backends, others): (Vec<_>, Vec<_>) = sources
        .iter()
        .filter(|(path, text)| path.starts_with("crates/store/src/") && contains_sql(text))
        .partition(|(path, _)| is_backend(path));
    assert!(backends.len() > 10, "the backend was not found: {}", backends.len());
    let others: Vec<_> = others.iter().map(|(path, _)| path).collect();
    assert!(others.is_empty(), "SQL outside of the backends: {others:?}");
}

#[test]
fn stored_bodies_are_written_and_read_in_one_file() {
    let mut found = Vec::new();
    let sources = workspace::sources().unwrap();
    let (door, others): (Vec<_>, Vec<_>) = sources
        .iter()
        .filter(|(path, _)| path.starts_with("crates/store/src/"))
        .partition(|(path, _)| path.ends_with("/database/body.rs"));
    assert_eq!(door.len(), 1, "the file that reads and writes bodies was not found");
    for (path, text) in others {
        for (number, line) in text.lines().enumerate() {
            let reads = line.contains("try_get") && line.contains("body\"");
            let writes = line.contains(".bind(") && line.contains(".body") && !line.contains("body::column");
            if reads || writes {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_function_is_long() {
    let sources = workspace::sources().unwrap();
    let code = sources.iter().filter(|(path, _)| in_crate(path).is_some());
    let found: Vec<_> = code.flat_map(|(path, text)| functions::violations(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_recorded_migration_has_changed() {
    let sources = workspace::sources().unwrap();
    let found = sources.iter().filter_map(|(path, text)| {
        path.strip_prefix("migrations/")
            .filter(|path| path.ends_with(".sql"))
            .map(|path| (path, text.as_str()))
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() > 20, "the migrations were not found: {found:?}");
    let hashes = std::fs::read_to_string(workspace::root().join(migrations::HASHES)).unwrap();
    let found = migrations::violations(&found, &hashes);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
