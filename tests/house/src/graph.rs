//! Who may depend on whom: edges between our own crates, outside crates that have one home, and outside
//! crates that must not be reachable at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Crates and what they depend on, by package name.
#[derive(Debug, Default, Clone)]
pub struct Graph {
    /// Our own crates: every dependency as declared, of any kind (normal, build, dev) and for any target.
    pub declared: BTreeMap<String, BTreeSet<String>>,
    /// All crates as resolved: normal dependencies only.
    pub linked: BTreeMap<String, BTreeSet<String>>,
}

/// The edges between our own crates that the architecture draws. A crate that is missing here is a violation:
/// a new crate is given its place first.
const ALLOWED: &[(&str, &[&str])] = &[
    ("gauntlet-model", &[]),
    ("gauntlet-values", &["gauntlet-model"]),
    ("gauntlet-vault", &["gauntlet-model"]),
    ("gauntlet-film", &["gauntlet-model"]),
    ("gauntlet-api", &["gauntlet-film", "gauntlet-model"]),
    ("gauntlet-monitor", &["gauntlet-film", "gauntlet-model"]),
    ("gauntlet-scene", &["gauntlet-film", "gauntlet-model"]),
    ("gauntlet-telemetry", &["gauntlet-model"]),
    ("gauntlet-rubric", &["gauntlet-model", "gauntlet-telemetry"]),
    ("gauntlet-results", &["gauntlet-film", "gauntlet-model", "gauntlet-values"]),
    ("gauntlet-otlp", &["gauntlet-film", "gauntlet-model", "gauntlet-values"]),
    ("gauntlet-follow", &[]),
    ("gauntlet-principles", &["gauntlet-model", "gauntlet-statistics"]),
    ("gauntlet-experiments", &["gauntlet-model", "gauntlet-statistics"]),
    ("gauntlet-statistics", &[]),
    ("gauntlet-store", &["gauntlet-film", "gauntlet-follow", "gauntlet-model", "gauntlet-vault"]),
    // The film for its tests alone: that of a restored run is the same.
    ("gauntlet-backup", &["gauntlet-film", "gauntlet-model", "gauntlet-store"]),
    // The model and the store for its tests alone: what is restored is the log that was backed up.
    ("gauntlet-s3", &["gauntlet-backup", "gauntlet-model", "gauntlet-store"]),
    ("gauntlet-dipg", &["gauntlet-model", "gauntlet-rubric"]),
    ("gauntlet-demo", &["gauntlet-dipg", "gauntlet-model", "gauntlet-rubric", "gauntlet-telemetry"]),
    // The store for its database sink only: a run straight into a data folder, where no server is wanted.
    ("gauntlet-sdk", &["gauntlet-model", "gauntlet-rubric", "gauntlet-store", "gauntlet-telemetry"]),
    ("gauntlet-app", &["gauntlet-api", "gauntlet-film", "gauntlet-model", "gauntlet-scene"]),
    (
        "gauntlet-frontend",
        &["gauntlet-api", "gauntlet-app", "gauntlet-film", "gauntlet-model", "gauntlet-scene"],
    ),
    (
        "gauntlet-engine",
        &[
            "gauntlet-api",
            "gauntlet-backup",
            "gauntlet-film",
            "gauntlet-follow",
            "gauntlet-model",
            "gauntlet-monitor",
            "gauntlet-otlp",
            "gauntlet-results",
            "gauntlet-statistics",
            "gauntlet-store",
            "gauntlet-vault",
        ],
    ),
    (
        "gauntlet-server",
        &[
            "gauntlet-api",
            "gauntlet-app",
            "gauntlet-backup",
            "gauntlet-engine",
            "gauntlet-film",
            "gauntlet-model",
            "gauntlet-otlp",
            "gauntlet-results",
            "gauntlet-s3",
            "gauntlet-store",
            "gauntlet-vault",
        ],
    ),
    (
        "gauntlet-cli",
        &[
            "gauntlet-api",
            "gauntlet-backup",
            "gauntlet-demo",
            "gauntlet-engine",
            "gauntlet-film",
            "gauntlet-model",
            "gauntlet-principles",
            "gauntlet-sdk",
            "gauntlet-server",
            "gauntlet-store",
            "gauntlet-telemetry",
            "gauntlet-vault",
        ],
    ),
    (
        "gauntlet-bench",
        &[
            "gauntlet-film",
            "gauntlet-model",
            "gauntlet-principles",
            "gauntlet-scene",
            "gauntlet-townlet",
            "gauntlet-townlet-dto",
            "gauntlet-townlet-policy",
        ],
    ),
    // Policies see what the world shows and cannot name the world, which names them in its tests alone.
    ("gauntlet-townlet-dto", &[]),
    ("gauntlet-townlet-policy", &["gauntlet-townlet-dto"]),
    ("gauntlet-townlet", &["gauntlet-townlet-dto", "gauntlet-townlet-policy"]),
    ("gauntlet-house", &[]),
];

/// Outside crates that only these of ours may name: SQL, WebGL and sockets, the server's HTTP, and the page's
/// framework.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["gauntlet-server"]),
    ("hyper", &["gauntlet-server"]),
    ("sqlx", &["gauntlet-store", "gauntlet-bench"]),
    ("rusqlite", &["gauntlet-store"]),
    ("aws-sdk-s3", &["gauntlet-s3"]),
    ("three-d", &["gauntlet-frontend"]),
    ("gloo-net", &["gauntlet-frontend"]),
    ("leptos", &["gauntlet-app", "gauntlet-frontend", "gauntlet-server"]),
];

/// The crates that are pure: plain data and functions, the same on every machine.
pub const PURE: &[&str] = &[
    "gauntlet-model",
    "gauntlet-values",
    "gauntlet-vault",
    "gauntlet-film",
    "gauntlet-api",
    "gauntlet-monitor",
    "gauntlet-scene",
    "gauntlet-otlp",
    "gauntlet-principles",
    "gauntlet-results",
    "gauntlet-statistics",
    "gauntlet-townlet",
    "gauntlet-townlet-dto",
    "gauntlet-townlet-policy",
];

/// What must not be reachable from a pure crate, however indirectly: async, SQL, randomness, HTTP, the
/// browser and WebGL, the page's framework.
const IMPURE: &[&str] =
    &["tokio", "sqlx", "rusqlite", "rand", "axum", "ureq", "web-sys", "js-sys", "three-d", "leptos"];

impl Graph {
    /// Every edge and path that the rules forbid, as sentences; empty when there is none.
    pub fn violations(&self) -> Vec<String> {
        let mut found = self.forbidden_edges();
        found.extend(self.forbidden_homes());
        found.extend(self.forbidden_paths());
        found
    }

    /// Every edge of [`ALLOWED`] that nothing needs, as sentences. Of a complete workspace only.
    pub fn unused_allowances(&self) -> Vec<String> {
        let edges = ALLOWED.iter().flat_map(|(from, rule)| rule.iter().map(move |to| (*from, *to)));
        let is_used = |(from, to): &(&str, &str)| self.declared.get(*from).is_some_and(|d| d.contains(*to));
        edges
            .filter(|edge| !is_used(edge))
            .map(|(from, to)| format!("{from} -> {to}: allowed, and nothing needs it"))
            .collect()
    }

    fn forbidden_edges(&self) -> Vec<String> {
        let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
        let mut found = Vec::new();
        for (name, dependencies) in &self.declared {
            let Some(rule) = allowed.get(name.as_str()) else {
                found.push(format!(
                    "{name}: a crate without a place; add it to ALLOWED in tests/house/src/graph.rs"
                ));
                continue;
            };
            for inner in dependencies.iter().filter(|d| self.declared.contains_key(*d) && *d != name) {
                if !rule.contains(&inner.as_str()) {
                    found.push(format!("{name} -> {inner}: this edge is not in the architecture"));
                }
            }
        }
        found
    }

    fn forbidden_homes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, dependencies) in &self.declared {
            for (outside, homes) in HOMES {
                if dependencies.contains(*outside) && !homes.contains(&name.as_str()) {
                    found.push(format!("{name} -> {outside}: only {} may name it", homes.join(", ")));
                }
            }
        }
        found
    }

    fn forbidden_paths(&self) -> Vec<String> {
        let paths = PURE.iter().flat_map(|pure| IMPURE.iter().filter_map(|impure| self.path(pure, impure)));
        paths.map(|path| format!("{}: a pure crate must not reach it", path.join(" -> "))).collect()
    }

    /// The shortest path of linked dependencies from one crate to another.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(name) = queue.pop_front() {
            if name == to {
                let mut path = vec![name.to_owned()];
                let mut at = name;
                while let Some(before) = came_from.get(at) {
                    path.push((*before).to_owned());
                    at = before;
                }
                path.reverse();
                return Some(path);
            }
            for next in self.linked.get(name).into_iter().flatten() {
                if next != from && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, name);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph from lines such as `a -> b c`, declared and linked alike.
    fn graph(lines: &[&str]) -> Graph {
        let mut graph = Graph::default();
        for line in lines {
            let (name, dependencies) = line.split_once(" ->").unwrap();
            let dependencies: BTreeSet<String> = dependencies.split_whitespace().map(str::to_owned).collect();
            if name.starts_with("gauntlet-") {
                graph.declared.insert(name.to_owned(), dependencies.clone());
            }
            graph.linked.insert(name.to_owned(), dependencies);
        }
        graph
    }

    fn check(lines: &[&str], expected: &[&str]) {
        let found = graph(lines).violations();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found:?} should start with {expected:?}");
        }
    }

    #[test]
    fn the_architecture_itself_passes() {
        check(
            &[
                "gauntlet-model -> serde",
                "gauntlet-film -> gauntlet-model serde",
                "gauntlet-scene -> gauntlet-film gauntlet-model",
                "gauntlet-store -> gauntlet-model sqlx tokio",
                "gauntlet-frontend -> gauntlet-app gauntlet-scene three-d gloo-net leptos",
                "gauntlet-app -> leptos",
            ],
            &[],
        );
    }

    #[test]
    fn an_edge_against_the_current_is_found() {
        check(
            &["gauntlet-model -> gauntlet-film", "gauntlet-film -> gauntlet-model"],
            &["gauntlet-model -> gauntlet-film:"],
        );
        check(
            &["gauntlet-server -> gauntlet-scene", "gauntlet-scene ->"],
            &["gauntlet-server -> gauntlet-scene:"],
        );
    }

    #[test]
    fn a_policy_of_the_town_cannot_name_the_world() {
        check(
            &["gauntlet-townlet-policy -> gauntlet-townlet", "gauntlet-townlet ->"],
            &["gauntlet-townlet-policy -> gauntlet-townlet:"],
        );
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        check(&["gauntlet-annex ->"], &["gauntlet-annex: a crate without a place"]);
    }

    #[test]
    fn an_outside_crate_away_from_home_is_found() {
        check(&["gauntlet-server -> sqlx"], &["gauntlet-server -> sqlx:"]);
        check(
            &["gauntlet-app -> three-d gloo-net leptos"],
            &["gauntlet-app -> three-d:", "gauntlet-app -> gloo-net:"],
        );
        check(&["gauntlet-store -> leptos"], &["gauntlet-store -> leptos:"]);
    }

    #[test]
    fn impurity_is_found_through_other_crates() {
        check(
            &["gauntlet-film -> quick", "quick -> slow quick", "slow -> tokio", "tokio -> slow"],
            &["gauntlet-film -> quick -> slow -> tokio:"],
        );
    }
}
