//! Which archives are deleted in the course of time: a full one together with all that go on from it, so that
//! what is left can always be restored.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use gauntlet_model::Timestamp;

use crate::manifest::manifest_file;
use crate::{ArchiveInfo, BackupError, Target, archives};

/// How many archives stay, and for how long. What belongs to the newest archive always stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Most full archives, each with those that go on from it; `None`: any number.
    pub count: Option<NonZeroUsize>,
    /// The age of the last archive that goes on from a full one at which all of them are deleted; `None`:
    /// never.
    pub age: Option<Duration>,
}

/// Deletes an archive and its manifest.
///
/// # Errors
///
/// Where the place cannot be written.
pub async fn remove(target: &dyn Target, file: &str) -> Result<(), BackupError> {
    for file in [file.to_owned(), manifest_file(file)] {
        target
            .delete(&file)
            .await
            .map_err(|error| BackupError::io(format!("{}/{file}", target.label()), error))?;
    }
    Ok(())
}

/// Deletes the archives of an installation that are beyond what is to stay; answers their names. An archive
/// whose base is missing is left alone: somebody may bring the base back.
///
/// # Errors
///
/// Where the place cannot be read or written. Whatever the moment, no archive is left without its base.
pub async fn prune(
    target: &dyn Target,
    name: &str,
    retention: Retention,
    now: Timestamp,
) -> Result<Vec<String>, BackupError> {
    if retention == Retention::default() {
        return Ok(Vec::new());
    }
    let all = archives(target, Some(name)).await?;
    let mut removed = Vec::new();
    for file in expired(&all, retention, now) {
        remove(target, file).await?;
        removed.push(file.to_owned());
    }
    Ok(removed)
}

/// The archives to delete, of all of them with the newest first: each comes before the one it goes on from.
fn expired(all: &[ArchiveInfo], retention: Retention, now: Timestamp) -> Vec<&str> {
    let by_file: HashMap<&str, &ArchiveInfo> = all.iter().map(|info| (info.file.as_str(), info)).collect();
    // A full archive with those that go on from it, each with the number of archives before it.
    let mut chains: Vec<(&str, Vec<(usize, &ArchiveInfo)>)> = Vec::new();
    for info in all {
        let Some((full, depth)) = full_archive_of(info, &by_file) else { continue };
        match chains.iter_mut().find(|(known, _)| *known == full) {
            Some((_, members)) => members.push((depth, info)),
            None => chains.push((full, vec![(depth, info)])),
        }
    }
    let is_expired = |place: usize, members: &[(usize, &ArchiveInfo)]| {
        let is_old = |age: Duration| members.iter().all(|(_, info)| age_of(info, now) > age);
        retention.count.is_some_and(|count| place >= count.get()) || retention.age.is_some_and(is_old)
    };
    let chains = chains.into_iter().enumerate().skip(1);
    let mut expired: Vec<_> = chains
        .filter(|(place, (_, members))| is_expired(*place, members))
        .flat_map(|(_, (_, m))| m)
        .collect();
    expired.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    expired.into_iter().map(|(_, info)| info.file.as_str()).collect()
}

/// The full archive that one goes on from at last, and how many archives are before it; `None` where one of
/// them is missing.
fn full_archive_of<'a>(
    mut info: &'a ArchiveInfo,
    by_file: &HashMap<&str, &'a ArchiveInfo>,
) -> Option<(&'a str, usize)> {
    // More steps than archives are a circle.
    for depth in 0..=by_file.len() {
        match &info.manifest.base {
            None => return Some((&info.file, depth)),
            Some(base) => info = by_file.get(base.file.as_str())?,
        }
    }
    None
}

/// How old an archive is; one of the future, or of an unreadable moment, is new.
fn age_of(info: &ArchiveInfo, now: Timestamp) -> Duration {
    let created = info.manifest.created_at.parse().unwrap_or(now);
    Duration::from_micros(u64::try_from(now.micros().saturating_sub(created.micros())).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Base, Manifest};

    const DAY: i64 = 86_400_000_000;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + day * DAY)
    }

    /// Archives by their day and the day of their base; the newest first.
    fn folder(days: &[(i64, Option<i64>)]) -> Vec<ArchiveInfo> {
        let file = |day: i64| format!("day{day:02}.tar.zst");
        let info = |(day, base): &(i64, Option<i64>)| ArchiveInfo {
            file: file(*day),
            bytes: 1,
            sha256: String::new(),
            millis: 1,
            manifest: Manifest {
                format: 1,
                written_by: String::new(),
                name: "gauntlet".to_owned(),
                created_at: at(*day).to_string(),
                schema: 1,
                base: base.map(|day| Base { file: file(day), sha256: String::new() }),
                last_run_no: 0,
                tables: BTreeMap::new(),
                runs: Vec::new(),
                deleted_runs: Vec::new(),
                artifacts: Vec::new(),
                events: 0,
                missing_events: 0,
                raw_bytes: 0,
            },
        };
        let mut all: Vec<_> = days.iter().map(info).collect();
        all.sort_by(|a, b| b.manifest.created_at.cmp(&a.manifest.created_at));
        all
    }

    #[track_caller]
    fn check(days: &[(i64, Option<i64>)], count: usize, age_days: u64, now: i64, expected: &[&str]) {
        let age = (age_days > 0).then(|| Duration::from_secs(age_days * 86_400));
        let retention = Retention { count: NonZeroUsize::new(count), age };
        assert_eq!(expired(&folder(days), retention, at(now)), expected);
    }

    const WEEKS: &[(i64, Option<i64>)] = &[
        (1, None),
        (2, Some(1)),
        (3, Some(2)),
        (8, None),
        (9, Some(8)),
        (15, None),
        (16, Some(15)),
        (17, Some(16)),
    ];

    #[test]
    fn full_archives_are_counted_and_go_with_those_that_need_them() {
        check(WEEKS, 0, 0, 18, &[]);
        check(WEEKS, 3, 0, 18, &[]);
        check(WEEKS, 2, 0, 18, &["day03.tar.zst", "day02.tar.zst", "day01.tar.zst"]);
        let all = ["day03.tar.zst", "day09.tar.zst", "day02.tar.zst", "day08.tar.zst", "day01.tar.zst"];
        let mut found = all.to_vec();
        found.sort_unstable();
        let retention = Retention { count: NonZeroUsize::new(1), age: None };
        let archives = folder(WEEKS);
        let mut deleted = expired(&archives, retention, at(18));
        for (full, later) in [("day01.tar.zst", "day02.tar.zst"), ("day08.tar.zst", "day09.tar.zst")] {
            let place = |file| deleted.iter().position(|deleted| *deleted == file).unwrap();
            assert!(place(later) < place(full), "{deleted:?}");
        }
        deleted.sort_unstable();
        assert_eq!(deleted, found);
    }

    #[test]
    fn the_age_is_that_of_the_last_one_which_goes_on_from_a_full_one() {
        check(WEEKS, 0, 10, 12, &[]);
        check(WEEKS, 0, 10, 14, &["day03.tar.zst", "day02.tar.zst", "day01.tar.zst"]);
        // The newest stays however old it is, with what it needs.
        check(&[(1, None), (2, Some(1))], 0, 10, 500, &[]);
        check(&[(1, None), (2, Some(1))], 1, 10, 500, &[]);
        // A clock that went back makes nothing old.
        check(WEEKS, 0, 10, -400, &[]);
    }

    #[test]
    fn an_archive_that_goes_on_from_an_old_one_holds_it_back() {
        // The newest goes on from the first week: restored, and written on.
        check(&[(1, None), (8, None), (9, Some(1))], 1, 0, 10, &["day08.tar.zst"]);
        // One without its base is neither counted nor deleted.
        check(&[(1, None), (5, Some(4)), (8, None)], 1, 0, 10, &["day01.tar.zst"]);
        check(&[(3, Some(5)), (5, Some(3)), (8, None)], 1, 0, 10, &[]);
    }
}
