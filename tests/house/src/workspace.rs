//! The real workspace as plain data: its dependency graph from `cargo metadata`, and its source files.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::graph::Graph;

/// The folder with the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The graph of everything that is built: for this machine and for the browser. Other platforms are left out,
/// as their crates need not be downloaded here.
pub fn graph() -> Result<Graph, Box<dyn Error>> {
    let mut graph = Graph::default();
    for target in [host()?, "wasm32-unknown-unknown".to_owned()] {
        add(&metadata(target)?, &mut graph);
    }
    Ok(graph)
}

fn metadata(target: String) -> Result<Metadata, Box<dyn Error>> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    Ok(command.other_options(["--filter-platform".to_owned(), target]).exec()?)
}

/// The triple of the machine that the tests run on.
fn host() -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("-vV").output()?.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("`rustc -vV` names no host")?.to_owned())
}

fn add(metadata: &Metadata, graph: &mut Graph) {
    for package in metadata.workspace_packages() {
        let declared = graph.declared.entry(package.name.to_string()).or_default();
        declared.extend(package.dependencies.iter().map(|d| d.name.clone()));
    }
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let linked = graph.linked.entry(metadata[&node.id].name.to_string()).or_default();
        for dependency in &node.deps {
            if dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal) {
                linked.insert(metadata[&dependency.pkg].name.to_string());
            }
        }
    }
}

/// Every source file, as its path relative to the workspace and its text, in the order of paths.
pub fn sources() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let (root, mut sources, mut folders) = (root(), Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            // `file_type` does not follow links, so the linked npm tools are not folders here.
            if entry.file_type()?.is_dir() {
                if !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if is_source(&name) {
                let relative =
                    path.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
                sources.push((relative, fs::read_to_string(root.join(&path))?));
            }
        }
    }
    sources.sort();
    Ok(sources)
}

/// What the TypeScript types of the API are generated into, and what is built of that.
const GENERATED: [&str; 2] = ["schema.ts", "schema.d.ts"];

/// Written by hand, in any of our languages.
fn is_source(name: &str) -> bool {
    if GENERATED.contains(&name) {
        return false;
    }
    let kinds = ["rs", "scss", "css", "mjs", "ts", "py", "sh", "sql", "glsl", "vert", "frag"];
    Path::new(name).extension().is_some_and(|kind| kinds.iter().any(|k| kind == *k))
}
