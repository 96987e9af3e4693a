//! Backups that a running server makes: asked for, waited for, listed.

use std::time::Duration;

use gauntlet_api::{BackupRequest, Page};
use gauntlet_model::{Backup, BackupKind, BackupStatus};
use indicatif::{HumanBytes, HumanCount};
use tokio::runtime::Runtime;

use super::CliError;
use super::client::DataSource;
use super::reader::{failed, get, post};
use super::screen::{BAD, BOLD, GOOD, Screen, WAITS, left, paint, right};
use super::{print_error, print_line};

/// Time between two looks at how a backup goes.
const CHECK_INTERVAL: Duration = Duration::from_millis(300);
/// Looks after which the terminal says that it still waits.
const CHECKS_BEFORE_NOTICE: u32 = 30;

/// Asks a server for a backup, and waits for its end.
pub(super) fn make(url: &str, kind: BackupKind, json: bool) -> Result<(), CliError> {
    let asked: Backup =
        post(&format!("{url}/api/v1/backups"), &BackupRequest { kind: Some(kind) })?.json()?;
    let mut looks = 0_u32;
    let ended = loop {
        let list = at_server(url)?;
        let found = list.into_iter().find(|backup| backup.id == asked.id);
        let found = found.ok_or_else(|| CliError::Failed("the backup is not in the list".to_owned()))?;
        if !found.status.is_open() {
            break found;
        }
        looks += 1;
        if looks.is_multiple_of(CHECKS_BEFORE_NOTICE) {
            print_error(&format!("the backup is {}", found.status.as_str()));
        }
        std::thread::sleep(CHECK_INTERVAL);
    };
    if json {
        print_line(&serde_json::to_string(&ended).map_err(failed)?);
    }
    match ended.status {
        BackupStatus::Completed if json => Ok(()),
        BackupStatus::Completed => {
            print_line(&format!("the server wrote {}", line(&ended)));
            Ok(())
        }
        status => Err(CliError::Failed(format!(
            "the backup {}",
            ended.error.map_or_else(|| format!("was {}", status.as_str()), |why| format!("failed: {why}"))
        ))),
    }
}

/// Prints the list of backups, of a server or of the data folder.
pub(super) fn print(source: &DataSource, runtime: &Runtime, json: bool) -> Result<(), CliError> {
    let list = match source {
        DataSource::Folder(store, _) => runtime.block_on(store.backups()).map_err(failed)?,
        DataSource::Server(url) => at_server(url)?,
    };
    if json {
        for backup in &list {
            print_line(&serde_json::to_string(backup).map_err(failed)?);
        }
        return Ok(());
    }
    if list.is_empty() {
        print_line("no server has made a backup; [backup] to = \"DIR\" in gauntlet.toml makes one every day");
        return Ok(());
    }
    let mut screen = Screen::stdout();
    let heading = [right("id", 5), left("asked for", 20), left("by", 12), left("state", 11)];
    screen.line(paint(BOLD, format!("{}  archive", heading.join("  "))))?;
    for backup in &list {
        let style = match backup.status {
            BackupStatus::Completed => GOOD,
            BackupStatus::Failed => BAD,
            BackupStatus::Waiting | BackupStatus::Running | BackupStatus::Interrupted => WAITS,
        };
        let row = [
            right(&backup.id.to_string(), 5),
            left(&backup.asked_at.to_string().chars().take(19).chain(['Z']).collect::<String>(), 20),
            left(&backup.asked_by.chars().take(12).collect::<String>(), 12),
            paint(style, left(backup.status.as_str(), 11)),
            backup.error.clone().unwrap_or_else(|| line(backup)),
        ];
        screen.line(row.join("  "))?;
    }
    Ok(())
}

fn at_server(url: &str) -> Result<Vec<Backup>, CliError> {
    Ok(get(&format!("{url}/api/v1/backups"), &())?.json::<Page<Backup>>()?.items)
}

/// What there is of a backup: its file, and what is in it.
fn line(backup: &Backup) -> String {
    let Some(file) = &backup.file else { return String::new() };
    let (bytes, raw) = (backup.bytes.unwrap_or_default(), backup.raw_bytes.unwrap_or_default());
    format!(
        "{file} ({}{} from {}; {} events{})",
        backup.kind.map_or_else(String::new, |kind| format!("{}; ", kind.as_str())),
        HumanBytes(bytes),
        HumanBytes(raw),
        HumanCount(backup.events.unwrap_or_default()),
        if backup.removed_at.is_some() { "; deleted since" } else { "" },
    )
}
