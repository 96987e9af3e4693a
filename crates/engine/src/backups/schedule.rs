//! What is next, by the list of backups: no clock, no database.

use std::time::Duration;

use gauntlet_model::{Backup, BackupStatus, Timestamp};

/// How long an interrupted backup waits before it is made again: a server that ends because of its backup
/// does not do so all the time.
const RETRY_DELAY: Duration = Duration::from_secs(30);

/// What the server that makes backups does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Make this one, which was asked for.
    Make(Box<Backup>),
    /// Note that the one which goes on by the list was interrupted: only this server could go on with it.
    Interrupt,
    /// Ask for one.
    Ask,
    /// Nothing for now.
    Wait,
}

/// What is next, by the list with the newest first.
pub(super) fn next(list: &[Backup], every: Option<Duration>, now: Timestamp) -> Next {
    let Some(newest) = list.first() else {
        return if every.is_some() { Next::Ask } else { Next::Wait };
    };
    let is_due = |wait: Duration, since: Timestamp| is_over(since, wait, now);
    let begun = newest.started_at.unwrap_or(newest.asked_at);
    match (newest.status, every) {
        (BackupStatus::Waiting, _) => Next::Make(Box::new(newest.clone())),
        (BackupStatus::Running, _) => Next::Interrupt,
        (BackupStatus::Interrupted, Some(every))
            if is_due(every.min(RETRY_DELAY), newest.ended_at().unwrap_or(begun)) =>
        {
            Next::Ask
        }
        (BackupStatus::Completed | BackupStatus::Failed, Some(every)) if is_due(every, begun) => Next::Ask,
        _ => Next::Wait,
    }
}

/// Whether that much time has gone by; a moment of the future is that of a clock that went back.
pub(super) fn is_over(since: Timestamp, wait: Duration, now: Timestamp) -> bool {
    let micros = u64::try_from(now.micros().saturating_sub(since.micros()));
    micros.map_or(true, |micros| Duration::from_micros(micros) >= wait)
}

/// What a person has to know of the backups: the last one failed, or is older than twice the time between
/// two. `None` where all is well, or none are made by a schedule.
pub fn notice(list: &[Backup], every: Option<Duration>, now: Timestamp) -> Option<String> {
    let ended = list.iter().find(|b| matches!(b.status, BackupStatus::Completed | BackupStatus::Failed))?;
    if ended.status == BackupStatus::Failed {
        let why = ended.error.as_deref().unwrap_or("the log of the server has the reason");
        return Some(format!("the last backup failed: {why}"));
    }
    let made_at = ended.started_at.unwrap_or(ended.asked_at);
    every.filter(|every| is_over(made_at, *every * 2, now) && made_at <= now).map(|every| {
        let hours = every.as_secs_f64() / 3600.0;
        format!("the last backup is of {made_at}, and there should be one every {hours:.1} hours")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + minutes * 60_000_000)
    }

    /// A backup that began at that minute.
    fn backup(status: BackupStatus, began: i64) -> Backup {
        Backup {
            id: 7,
            status,
            kind: None,
            asked_by: "schedule".to_owned(),
            asked_at: at(began),
            started_at: (status != BackupStatus::Waiting).then(|| at(began)),
            took_ms: (!status.is_open()).then_some(60_000),
            file: None,
            bytes: None,
            raw_bytes: None,
            events: None,
            sha256: None,
            verified: false,
            error: (status == BackupStatus::Failed).then(|| "the disk is full".to_owned()),
            removed_at: None,
        }
    }

    #[test]
    fn one_is_made_at_the_start_and_whenever_the_time_has_come() {
        assert_eq!(next(&[], Some(HOUR), at(0)), Next::Ask);
        for status in [BackupStatus::Completed, BackupStatus::Failed] {
            let list = [backup(status, 0)];
            assert_eq!(next(&list, Some(HOUR), at(59)), Next::Wait);
            assert_eq!(next(&list, Some(HOUR), at(60)), Next::Ask);
            // The clock went back, however far.
            assert_eq!(next(&list, Some(HOUR), at(-100_000)), Next::Ask);
            assert_eq!(next(&list, None, at(100_000)), Next::Wait);
        }
        assert_eq!(next(&[], None, at(0)), Next::Wait);
    }

    #[test]
    fn one_that_was_asked_for_is_made_at_once() {
        let asked = backup(BackupStatus::Waiting, 5);
        for every in [None, Some(HOUR)] {
            let list = [asked.clone(), backup(BackupStatus::Completed, 4)];
            assert_eq!(next(&list, every, at(5)), Next::Make(Box::new(asked.clone())));
        }
    }

    #[test]
    fn one_whose_server_ended_is_made_again_after_a_short_while() {
        assert_eq!(next(&[backup(BackupStatus::Running, 0)], Some(HOUR), at(1)), Next::Interrupt);
        // It took a minute.
        let list = [backup(BackupStatus::Interrupted, 0)];
        assert_eq!(next(&list, Some(HOUR), at(1)), Next::Wait);
        assert_eq!(next(&list, Some(HOUR), at(2)), Next::Ask);
        assert_eq!(next(&list, Some(Duration::from_secs(2)), at(1)), Next::Wait);
        assert_eq!(next(&list, None, at(2)), Next::Wait);
    }

    #[test]
    fn a_person_hears_of_a_failure_and_of_none_for_too_long() {
        let of = |list: &[Backup], now| notice(list, Some(HOUR), at(now));
        assert_eq!(of(&[], 500), None);
        let made = backup(BackupStatus::Completed, 0);
        assert_eq!(of(std::slice::from_ref(&made), 119), None);
        assert!(of(std::slice::from_ref(&made), 120).unwrap().contains("every 1.0 hours"));
        assert_eq!(of(std::slice::from_ref(&made), -5), None);
        let failed = [
            backup(BackupStatus::Waiting, 12),
            backup(BackupStatus::Interrupted, 11),
            backup(BackupStatus::Failed, 10),
            made.clone(),
        ];
        assert_eq!(of(&failed, 12).as_deref(), Some("the last backup failed: the disk is full"));
        assert_eq!(of(&[made, backup(BackupStatus::Failed, -10)], 12), None);
    }
}
