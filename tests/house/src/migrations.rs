//! Migrations that databases have recorded: sqlx stores a checksum of the text of each and refuses a database
//! whose migrations have other texts, comments included. So the list of their hashes only grows.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Where the hashes are, in the format of `sha256sum`, which can check them as well.
pub const HASHES: &str = "migrations/sha256";

/// The line of [`HASHES`] for a migration. `path` is relative to the folder of migrations.
pub fn line(path: &str, text: &str) -> String {
    let mut line = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(line, "{byte:02x}");
    }
    line + "  " + path
}

/// Every migration that differs from its hash or has none, and every hash without a migration, as sentences.
/// `migrations` are paths and texts, `hashes` is the text of [`HASHES`].
pub fn violations(migrations: &[(&str, &str)], hashes: &str) -> Vec<String> {
    let path_of = |line: &str| line.split_once("  ").map(|(_, path)| path.to_owned());
    let mut found = Vec::new();
    for (path, text) in migrations {
        let line = line(path, text);
        if hashes.lines().any(|recorded| recorded == line) {
            continue;
        }
        let is_recorded = hashes.lines().any(|recorded| path_of(recorded).as_deref() == Some(*path));
        found.push(if is_recorded {
            format!(
                "{path}: its text has changed, and databases that have it would be refused; add a new one"
            )
        } else {
            format!("{path}: a new migration; add this line to {HASHES}: {line}")
        });
    }
    for recorded in hashes.lines() {
        if !migrations.iter().any(|(path, _)| path_of(recorded).as_deref() == Some(*path)) {
            found.push(format!("{HASHES}: there is no migration for {recorded:?}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_migration_does_not_change() {
        let old = line("sqlite/0001_log.sql", "-- A.\n");
        assert!(old.ends_with("  sqlite/0001_log.sql") && old.len() == 64 + 2 + 19, "{old}");
        assert!(violations(&[("sqlite/0001_log.sql", "-- A.\n")], &old).is_empty());
        let found = violations(&[("sqlite/0001_log.sql", "-- B.\n")], &old);
        assert!(found[0].contains("its text has changed"), "{found:?}");
    }

    #[test]
    fn migrations_and_hashes_belong_together() {
        let old = line("sqlite/0001_log.sql", "-- A.\n");
        let new = line("sqlite/0002_more.sql", "-- B.\n");
        let found = violations(&[("sqlite/0002_more.sql", "-- B.\n")], &old);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with(&new), "{found:?}");
        assert!(found[1].contains("there is no migration"), "{found:?}");
        assert!(violations(&[], "\n")[0].contains("there is no migration"));
    }
}
