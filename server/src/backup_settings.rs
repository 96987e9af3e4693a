//! The section `[backup]` of `gauntlet.toml`: where backups go, how often, and which ones stay.

use std::num::NonZeroUsize;
use std::time::Duration;

use gauntlet_backup::{Place, Retention};
use gauntlet_engine::backups::BackupSettings;
use gauntlet_model::FieldError;
use serde::Deserialize;

const DAY: Duration = Duration::from_secs(86_400);

/// The section. Every field but `to` may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupSection {
    to: Option<String>,
    endpoint: Option<String>,
    region: Option<String>,
    name: Option<String>,
    every: Option<String>,
    full_every: Option<String>,
    keep: Option<NonZeroUsize>,
    keep_for: Option<String>,
    level: Option<i32>,
}

impl BackupSection {
    /// The settings; `None` where the server makes no backups.
    pub(crate) fn parse(self) -> Result<Option<BackupSettings>, FieldError> {
        let Self { to, endpoint, region, name, every, full_every, keep, keep_for, level } = self;
        let Some(to) = to.filter(|to| !to.is_empty()) else {
            let texts = [&endpoint, &region, &name, &every, &full_every, &keep_for];
            let is_empty = texts.iter().all(|text| text.is_none()) && keep.is_none() && level.is_none();
            return match is_empty {
                true => Ok(None),
                false => Err(FieldError::new("backup.to", "is missing: it is the place for backups")),
            };
        };
        let to = place(&to, endpoint, region)?;
        let name = name.unwrap_or_else(|| "gauntlet".to_owned());
        check_name(&name).map_err(|message| FieldError::new("backup.name", message))?;
        let level = level.unwrap_or(3);
        if !(1..=22).contains(&level) {
            return Err(FieldError::new("backup.level", format!("is {level}; it must be 1 to 22")));
        }
        let time = |field: &str, text: &str| {
            parse_duration(text).map_err(|message| FieldError::new(format!("backup.{field}"), message))
        };
        let every = match every.as_deref() {
            Some("off") => None,
            text => Some(text.map_or(Ok(DAY), |text| time("every", text))?),
        };
        let full_every = full_every.map_or(Ok(DAY * 7), |text| time("full_every", &text))?;
        let age = keep_for.map(|text| time("keep_for", &text)).transpose()?;
        let retention = Retention { count: keep, age };
        Ok(Some(BackupSettings { to, name, level, every, full_every, retention }))
    }
}

/// The place that the section names.
fn place(to: &str, endpoint: Option<String>, region: Option<String>) -> Result<Place, FieldError> {
    let mut place = to.parse().map_err(|message: String| FieldError::new("backup.to", message))?;
    if let Some(endpoint) = &endpoint
        && !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme))
    {
        let message = format!("{endpoint:?} is not the address of a server, such as https://s3.example.org");
        return Err(FieldError::new("backup.endpoint", message));
    }
    match &mut place {
        Place::S3(bucket) => (bucket.endpoint, bucket.region) = (endpoint, region),
        Place::Folder(_) if endpoint.is_some() || region.is_some() => {
            let field = if endpoint.is_some() { "backup.endpoint" } else { "backup.region" };
            return Err(FieldError::new(
                field,
                format!("is of a bucket, and backup.to is the folder {to:?}"),
            ));
        }
        Place::Folder(_) => {}
    }
    Ok(place)
}

/// Whether archives can begin with it, and with nothing else.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_name(text: &str) -> Result<(), String> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match !text.is_empty() && text.len() <= 100 && text.chars().all(is_fit) {
        true => Ok(()),
        false => Err(format!("{text:?} is empty, or has other characters than letters, digits, -, _ and .")),
    }
}

/// A time such as `90s`, `15m`, `1h`, `7d` or `2w`.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const MAX_TIME: Duration = Duration::from_secs(100 * 365 * 86_400);
    let wrong = || format!("{text:?} is not a time such as 90s, 15m, 1h, 7d or 2w");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().map_err(|_| wrong())?;
    let secs = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(wrong()),
    };
    let time = Duration::from_secs(u64::from(number) * secs);
    match (Duration::from_secs(1)..=MAX_TIME).contains(&time) {
        true => Ok(time),
        false => Err(format!("{text:?} is not between one second and a hundred years")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<BackupSettings>, String> {
        let section: BackupSection = toml::from_str(text).map_err(|error| error.to_string())?;
        section.parse().map_err(|error| error.to_string())
    }

    #[test]
    fn a_folder_is_enough() {
        assert_eq!(parse(""), Ok(None));
        let settings = parse("to = '/mnt/backups'").unwrap().unwrap();
        let expected = BackupSettings {
            to: Place::Folder("/mnt/backups".into()),
            name: "gauntlet".to_owned(),
            level: 3,
            every: Some(DAY),
            full_every: DAY * 7,
            retention: Retention::default(),
        };
        assert_eq!(settings, expected);
        let times = "every = '15m'\nfull_every = '1d'\nkeep_for = '30d'";
        let all = format!("to = 'b'\nname = 'lab'\n{times}\nkeep = 4\nlevel = 19");
        let settings = parse(&all).unwrap().unwrap();
        assert_eq!((settings.every, settings.level), (Some(Duration::from_secs(900)), 19));
        assert_eq!(settings.retention.age, Some(DAY * 30));
        assert_eq!(settings.retention.count, NonZeroUsize::new(4));
        assert_eq!(parse("to = 'b'\nevery = 'off'").unwrap().unwrap().every, None);
        let bucket = "to = 's3://lab/x'\nendpoint = 'http://localhost:9000'\nregion = 'here'";
        let Place::S3(bucket) = parse(bucket).unwrap().unwrap().to else { panic!("it is a bucket") };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("lab", "x"));
        assert_eq!(bucket.endpoint.as_deref(), Some("http://localhost:9000"));
        assert_eq!(bucket.region.as_deref(), Some("here"));
    }

    #[test]
    fn what_makes_no_sense_is_named_with_its_value() {
        for (text, words) in [
            ("every = '1h'", "backup.to: is missing"),
            ("to = 'gs://bucket/x'", "backup.to: \"gs://bucket/x\" is neither a folder nor"),
            ("to = 's3://'", "backup.to: \"s3://\" names no bucket"),
            ("to = 'b'\nendpoint = 'http://h'", "backup.endpoint: is of a bucket"),
            ("to = 'b'\nregion = 'r'", "backup.region: is of a bucket"),
            ("to = 's3://b'\nendpoint = 'h:9000'", "backup.endpoint: \"h:9000\" is not the address"),
            ("to = 'b'\nevery = '1 fortnight'", "backup.every: \"1 fortnight\" is not a time such as"),
            ("to = 'b'\nevery = '0s'", "backup.every: \"0s\" is not between"),
            ("to = 'b'\nfull_every = '7'", "backup.full_every: \"7\""),
            ("to = 'b'\nkeep_for = '99999999999d'", "backup.keep_for: \"99999999999d\""),
            ("to = 'b'\nkeep = 0", "keep"),
            ("to = 'b'\nlevel = 23", "backup.level: is 23; it must be 1 to 22"),
            ("to = 'b'\nname = 'a/b'", "backup.name: \"a/b\""),
            ("to = 'b'\nkept = 3", "kept"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
