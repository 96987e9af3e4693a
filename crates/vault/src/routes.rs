//! The permission of every route: one table.
//!
//! Paths are those of the OpenAPI document and of the router. A route that is missing needs
//! [`Permission::Administer`], and a test of the server fails.

use crate::permission::Permission;
use crate::permission::Permission::{Administer, AnyRole, Describe, Operate, Public, Read, Record};

/// How the projects that a route reads or changes are known before its handler runs. Of no meaning for keys
/// that are valid for all projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The path names a run or a project.
    Path,
    /// The query names a project, `?project=`.
    Query,
    /// The handler compares the project of what it reads or makes.
    Handler,
    /// Any project, or none: keys that are limited to some projects are refused.
    Everything,
}

/// What a method of a path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The permission.
    pub permission: Permission,
    /// The projects.
    pub reach: Reach,
}

/// A path, its reach, and the permission of each of its methods.
type Entry = (&'static str, Reach, &'static [(&'static str, Permission)]);

const TABLE: &[Entry] = &[
    // Runs.
    ("/api/v1/runs", Reach::Query, &[("GET", Read)]),
    ("/api/v1/runs", Reach::Handler, &[("POST", Record)]),
    ("/api/v1/runs/{run}", Reach::Path, &[("GET", AnyRole), ("PATCH", Describe), ("DELETE", Administer)]),
    ("/api/v1/runs/{run}/writers/{writer}", Reach::Path, &[("PUT", Record)]),
    ("/api/v1/runs/{run}/episodes", Reach::Path, &[("GET", Read)]),
    ("/api/v1/views", Reach::Query, &[("GET", Read)]),
    ("/api/v1/views/{name}", Reach::Query, &[("PUT", Operate), ("PATCH", Operate), ("DELETE", Operate)]),
    ("/api/v1/columns", Reach::Query, &[("GET", Read)]),
    ("/api/v1/changes", Reach::Everything, &[("GET", Read)]),
    // The log.
    ("/api/v1/runs/{run}/events", Reach::Path, &[("GET", Read), ("POST", Record)]),
    ("/api/v1/runs/{run}/live", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/steps", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/steps/{step}", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/steps/{step}/groups", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/artifacts", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/artifacts/{sha256}", Reach::Path, &[("GET", Read), ("PUT", Record)]),
    ("/api/v1/runs/{run}/export", Reach::Path, &[("GET", Read)]),
    // What pages draw.
    ("/api/v1/runs/{run}/film", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/film/{level}/{chunk}", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/series", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/groups", Reach::Path, &[("GET", Read)]),
    ("/api/v1/runs/{run}/correlations", Reach::Path, &[("GET", Read)]),
    ("/api/v1/series", Reach::Everything, &[("POST", Read)]),
    ("/api/v1/compare", Reach::Everything, &[("GET", Read)]),
    ("/api/v1/compare/tasks", Reach::Everything, &[("GET", Read)]),
    ("/api/v1/search", Reach::Query, &[("GET", Read)]),
    ("/api/v1/sql", Reach::Everything, &[("POST", Read)]),
    // Commands, and what a person decides for a project.
    ("/api/v1/runs/{run}/commands", Reach::Path, &[("GET", Record), ("POST", Operate)]),
    ("/api/v1/runs/{run}/commands/{command}/ack", Reach::Path, &[("POST", Record)]),
    ("/api/v1/runs/{run}/monitors/try", Reach::Path, &[("POST", Read)]),
    ("/api/v1/projects/{project}/effects", Reach::Path, &[("GET", Read), ("PUT", Operate)]),
    ("/api/v1/projects/{project}/monitors", Reach::Path, &[("GET", Read)]),
    ("/api/v1/projects/{project}/alerts", Reach::Path, &[("GET", Read)]),
    ("/api/v1/projects/{project}/monitor-trials", Reach::Path, &[("POST", Read)]),
    ("/api/v1/projects/{project}/monitors/{name}", Reach::Path, &[("PUT", Operate), ("DELETE", Operate)]),
    // Files on their way in.
    ("/api/v1/import", Reach::Everything, &[("POST", Record)]),
    ("/api/v1/imports", Reach::Everything, &[("GET", Record), ("POST", Record)]),
    ("/api/v1/imports/{id}", Reach::Everything, &[("GET", Record), ("PUT", Record), ("DELETE", Record)]),
    // OpenTelemetry.
    ("/v1/traces", Reach::Everything, &[("POST", Record)]),
    ("/v1/logs", Reach::Everything, &[("POST", Record)]),
    ("/v1/metrics", Reach::Everything, &[("POST", Record)]),
    // The hub's clients.
    ("/ws/gauntlet/{sid}", Reach::Path, &[("GET", Read)]),
    ("/gauntlet/stream/{sid}", Reach::Path, &[("POST", Record)]),
    ("/gauntlet/command/{sid}", Reach::Path, &[("GET", Record), ("POST", Operate)]),
    ("/gauntlet/data/{sid}", Reach::Path, &[("GET", Read)]),
    ("/gauntlet/sessions", Reach::Everything, &[("GET", Read)]),
    ("/gauntlet/comparison", Reach::Everything, &[("GET", Read)]),
    ("/gauntlet/evolution/{task}", Reach::Everything, &[("GET", Read)]),
    ("/gauntlet/search", Reach::Everything, &[("GET", Read)]),
    ("/gauntlet/rag", Reach::Everything, &[("GET", Read)]),
    // Keys, backups, and what answers everybody.
    ("/api/v1/keys", Reach::Everything, &[("GET", Administer), ("POST", Administer)]),
    ("/api/v1/keys/{id}", Reach::Everything, &[("DELETE", Administer)]),
    ("/api/v1/backups", Reach::Everything, &[("GET", Read), ("POST", Administer)]),
    ("/api/v1/openapi.json", Reach::Everything, &[("GET", Public)]),
    ("/health", Reach::Everything, &[("GET", Public)]),
    ("/healthz", Reach::Everything, &[("GET", Public)]),
    ("/readyz", Reach::Everything, &[("GET", Public)]),
    ("/login", Reach::Everything, &[("GET", Public), ("POST", Public)]),
    ("/logout", Reach::Everything, &[("POST", Public)]),
    ("/metrics", Reach::Everything, &[("GET", Read)]),
    ("/docs", Reach::Everything, &[("GET", Public)]),
    ("/docs/{page}", Reach::Everything, &[("GET", Public)]),
    // Pages.
    ("/", Reach::Everything, &[("GET", Read)]),
    ("/projects/{project}", Reach::Path, &[("GET", Read)]),
    ("/projects/{project}/monitors", Reach::Path, &[("GET", Read), ("POST", Operate)]),
    ("/runs/{id}", Reach::Path, &[("GET", Read)]),
    ("/runs/{run}/groups", Reach::Path, &[("GET", Read)]),
    ("/search", Reach::Query, &[("GET", Read)]),
    ("/compare", Reach::Everything, &[("GET", Read)]),
    ("/charts", Reach::Everything, &[("GET", Read)]),
    ("/evolution", Reach::Everything, &[("GET", Read)]),
    ("/status", Reach::Everything, &[("GET", Read)]),
    // The functions that pages call.
    ("/pages/runs", Reach::Everything, &[("POST", Read)]),
    ("/pages/views", Reach::Everything, &[("POST", Read)]),
    ("/pages/columns", Reach::Everything, &[("POST", Read)]),
    ("/pages/run", Reach::Everything, &[("POST", Read)]),
    ("/pages/step", Reach::Everything, &[("POST", Read)]),
    ("/pages/timeline", Reach::Everything, &[("POST", Read)]),
    ("/pages/parameters", Reach::Everything, &[("POST", Read)]),
    ("/pages/effects", Reach::Everything, &[("POST", Read)]),
    ("/pages/attempt", Reach::Everything, &[("POST", Read)]),
    ("/pages/same_tasks", Reach::Everything, &[("POST", Read)]),
    ("/pages/beside", Reach::Everything, &[("POST", Read)]),
    ("/pages/change", Reach::Everything, &[("POST", Describe)]),
    ("/pages/change_views", Reach::Everything, &[("POST", Operate)]),
    ("/pages/put_effects", Reach::Everything, &[("POST", Operate)]),
    ("/pages/note", Reach::Everything, &[("POST", Operate)]),
    ("/pages/command", Reach::Everything, &[("POST", Operate)]),
    ("/pages/delete", Reach::Everything, &[("POST", Administer)]),
];

/// What a route needs; `None` for one that is missing in the table. `HEAD` needs what `GET` needs.
pub fn find(method: &str, path: &str) -> Option<Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().filter(|(known, ..)| *known == path).find_map(|(_, reach, methods)| {
        let (_, permission) = methods.iter().find(|(known, _)| *known == method)?;
        Some(Route { permission: *permission, reach: *reach })
    })
}

/// Every method and path of the table.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().flat_map(|(path, _, methods)| methods.iter().map(move |(method, _)| (*method, *path)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_route_is_there_once_and_its_reach_fits_its_path() {
        let mut seen = BTreeSet::new();
        for (method, path) in all() {
            assert!(seen.insert((method, path)), "{method} {path} twice");
            let Route { reach, .. } = find(method, path).unwrap();
            let is_named = ["{run}", "{sid}", "{project}"].iter().any(|part| path.contains(part));
            assert_eq!(reach == Reach::Path, is_named || path == "/runs/{id}", "{method} {path}");
        }
    }

    #[test]
    fn what_is_unknown_is_not_found() {
        assert_eq!(find("HEAD", "/api/v1/runs"), find("GET", "/api/v1/runs"));
        assert_eq!(find("GET", "/api/v1/runs").unwrap().permission, Read);
        assert_eq!(find("PUT", "/api/v1/runs"), None);
        assert_eq!(find("GET", "/api/v1/nothing"), None);
    }
}
