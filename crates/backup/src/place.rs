//! Where archives are, as people write it: a folder, or a bucket of an S3 server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::manifest::SUFFIX;

/// How the address of a bucket begins.
const SCHEME: &str = "s3://";
/// The folder of a bucket that archives are in.
const ROOT: &str = "backups";

/// A place for archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    S3(Bucket),
}

/// A bucket of an S3 server, or what is below a prefix in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// With what keys begin, without a slash at its ends; may be empty.
    pub prefix: String,
    /// The address of the server; `None`: what AWS's own tools would take.
    pub endpoint: Option<String>,
    /// The region; `None`: what AWS's own tools would take.
    pub region: Option<String>,
}

impl Place {
    /// A place, and the archive in it where the text names one: `/mnt/backups`, `s3://bucket/prefix`,
    /// `s3://bucket/backups/gauntlet/2027/01/01/gauntlet-20270101T030000Z.tar.zst`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn with_archive(text: &str) -> Result<(Self, Option<String>), String> {
        if text.starts_with(SCHEME) {
            let Some((place, file)) = text.rsplit_once('/').filter(|(_, file)| file.ends_with(SUFFIX)) else {
                return Ok((text.parse()?, None));
            };
            let folders = folders(file).ok_or_else(|| format!("{file:?} is not the name of an archive"))?;
            let place = place
                .strip_suffix(&folders)
                .ok_or_else(|| format!("{text:?} is not the key of an archive: it would be in {folders}/"))?;
            return Ok((place.trim_end_matches('/').parse()?, Some(file.to_owned())));
        }
        let path = Path::new(text);
        if path.is_dir() {
            return Ok((Self::Folder(path.to_owned()), None));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match path.file_name().and_then(|file| file.to_str()) {
            Some(file) if path.exists() => Ok((Self::Folder(folder.to_owned()), Some(file.to_owned()))),
            _ => Err(format!("there is no archive {text}")),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(address) = text.strip_prefix(SCHEME) else {
            return match text {
                "" => Err("names no folder and no bucket".to_owned()),
                _ if text.contains("://") => Err(format!("{text:?} is neither a folder nor s3://BUCKET")),
                _ => Ok(Self::Folder(text.into())),
            };
        };
        let (name, prefix) = address.split_once('/').unwrap_or((address, ""));
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if name.is_empty() || !name.chars().all(is_fit) {
            return Err(format!("{text:?} names no bucket: s3://BUCKET or s3://BUCKET/PREFIX is expected"));
        }
        let prefix = prefix.trim_matches('/').to_owned();
        if prefix.split('/').any(|part| part.is_empty() && !prefix.is_empty()) {
            return Err(format!("{text:?} has an empty part"));
        }
        Ok(Self::S3(Bucket { name: name.to_owned(), prefix, ..Bucket::default() }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::S3(bucket) => bucket.fmt(f),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{SCHEME}{}{slash}{}", self.name, self.prefix)
    }
}

impl Bucket {
    /// The key of a file: its name below its installation and day; `None` for what is not the name of an
    /// archive or its manifest.
    pub fn key(&self, file: &str) -> Option<String> {
        Some(self.below(&format!("{}/{file}", folders(file)?)))
    }

    /// The file whose key that is; `None` where it is none of an archive or its manifest.
    pub fn file<'a>(&self, key: &'a str) -> Option<&'a str> {
        let file = key.rsplit('/').next()?;
        (self.key(file).as_deref() == Some(key)).then_some(file)
    }

    /// With what the keys of an installation begin, or those of all.
    pub fn start(&self, name: Option<&str>) -> String {
        match name {
            Some(name) => self.below(&format!("{ROOT}/{name}/")),
            None => self.below(&format!("{ROOT}/")),
        }
    }

    fn below(&self, key: &str) -> String {
        match self.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }
}

/// `backups/lab/2027/01/01` for `lab-20270101T030000Z.tar.zst`.
fn folders(file: &str) -> Option<String> {
    let stem = file.strip_suffix(SUFFIX).or_else(|| file.strip_suffix(".json"))?;
    // The name may have the look of a moment as well, and a number may follow the moment.
    let (name, day) = stem.rmatch_indices('-').find_map(|(at, _)| {
        let (name, moment) = (stem.get(..at)?, stem.get(at + 1..)?);
        let (day, _) = moment.split_once('T').filter(|(day, _)| day.len() == 8)?;
        (!name.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit())).then_some((name, day))
    })?;
    Some(format!("{ROOT}/{name}/{}/{}/{}", day.get(..4)?, day.get(4..6)?, day.get(6..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(text: &str) -> Bucket {
        match text.parse().unwrap() {
            Place::S3(bucket) => bucket,
            Place::Folder(folder) => panic!("{text} is the folder {}", folder.display()),
        }
    }

    #[test]
    fn keys_are_by_installation_and_day() {
        let lab = "backups/lab/2027/01/31/lab-20270131T030000Z.tar.zst";
        for (place, file, key) in [
            ("s3://b", "lab-20270131T030000Z.tar.zst", lab.to_owned()),
            ("s3://b/", "lab-20270131T030000Z.tar.zst", lab.to_owned()),
            ("s3://b/x/y/", "lab-20270131T030000Z.tar.zst", format!("x/y/{lab}")),
            (
                "s3://b",
                "lab-20270131T030000Z-2.json",
                "backups/lab/2027/01/31/lab-20270131T030000Z-2.json".to_owned(),
            ),
            (
                "s3://b",
                "a-20260101Tb-20270131T030000Z.json",
                "backups/a-20260101Tb/2027/01/31/a-20260101Tb-20270131T030000Z.json".to_owned(),
            ),
        ] {
            let bucket = bucket(place);
            assert_eq!(bucket.key(file), Some(key.clone()));
            assert_eq!(bucket.file(&key), Some(file));
            assert!(key.starts_with(&bucket.start(None)));
        }
        for file in ["notes.json", "lab-20270131T030000Z.txt", "-20270131T030000Z.json", "lab-2027é31T.json"]
        {
            assert_eq!(bucket("s3://b").key(file), None, "{file}");
        }
        assert_eq!(bucket("s3://b").file("backups/lab/2027/01/30/lab-20270131T030000Z.json"), None);
        assert_eq!(bucket("s3://b/x").start(Some("lab")), "x/backups/lab/");
    }

    #[test]
    fn an_archive_in_a_bucket_is_named_by_its_key() {
        let key = "s3://b/x/backups/lab/2027/01/31/lab-20270131T030000Z.tar.zst";
        let (place, file) = Place::with_archive(key).unwrap();
        assert_eq!((place.to_string().as_str(), file.as_deref()), ("s3://b/x", key.rsplit('/').next()));
        assert_eq!(Place::with_archive("s3://b/x").unwrap(), ("s3://b/x".parse().unwrap(), None));
        for (text, words) in [
            ("s3://b/lab-20270131T030000Z.tar.zst", "it would be in backups/lab/2027/01/31/"),
            ("s3://b/notes.tar.zst", "\"notes.tar.zst\" is not the name of an archive"),
            ("s3://", "names no bucket"),
            ("s3://b?x", "names no bucket"),
            ("/no/such/archive.tar.zst", "there is no archive /no/such/archive.tar.zst"),
        ] {
            let error = Place::with_archive(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!("s3://b/a//c".parse::<Place>().unwrap_err().contains("an empty part"));
        assert!("gs://b".parse::<Place>().unwrap_err().contains("neither a folder nor"));
    }
}
