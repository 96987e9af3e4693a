//! Sending a file to a server in slices: what fails is sent again, and what a killed client had sent stays.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::bar::Bar;
use crate::commands::CliError;
use crate::commands::client::{agent, refusal};
use crate::commands::reader::failed;
use gauntlet_api::{ImportAnnouncement, ImportPhase, ImportStatus};
use gauntlet_engine::imports::{Reading, name_of};

/// Bytes of a slice.
const SLICE_BYTES: u64 = 8 << 20;
/// How long a server may be away before the command gives up; started again it goes on.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that files are sent to.
pub(super) struct Upload<'u> {
    url: &'u str,
    reading: &'u Reading,
    agent: ureq::Agent,
}

/// What the server answered.
struct Answer {
    status: u16,
    body: String,
}

impl<'u> Upload<'u> {
    /// Files for the server at this URL.
    pub(super) fn new(url: &'u str, reading: &'u Reading) -> Self {
        Self { url, reading, agent: agent(Some(Duration::from_secs(120))) }
    }

    /// Sends a file, or the rest of it, and waits for its outcome.
    pub(super) fn file(&self, path: &Path, bar: &mut Bar) -> Result<ImportStatus, CliError> {
        let path = path.canonicalize()?;
        let mut file = File::open(&path)?;
        let about = file.metadata()?;
        let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let key = format!("{}|{}|{changed:?}", path.display(), about.len());
        let announcement = self.announcement(name_of(&path), Some(about.len()), Some(key));
        let mut view = self.announce(&announcement)?;
        let mut buffer = Vec::new();
        while view.phase == ImportPhase::Receiving {
            let offset = view.received_bytes;
            bar.sent(offset, Some(about.len()));
            file.seek(SeekFrom::Start(offset))?;
            buffer.clear();
            (&mut file).take(SLICE_BYTES).read_to_end(&mut buffer)?;
            if buffer.is_empty() && offset < about.len() {
                return Err(CliError::Failed("the file became shorter while it was sent".to_owned()));
            }
            view = match self.slice(&view.id, offset, offset + buffer.len() as u64 == about.len(), &buffer)? {
                Some(view) => view,
                // The server lost it, or has more of it than we know.
                None => self.announce(&announcement)?,
            };
        }
        self.finish(view, bar)
    }

    /// Sends a stream, to its end.
    pub(super) fn stream(
        &self,
        name: &str,
        stream: &mut impl Read,
        bar: &mut Bar,
    ) -> Result<ImportStatus, CliError> {
        let mut view = self.announce(&self.announcement(name.to_owned(), None, None))?;
        let mut buffer = Vec::new();
        while view.phase == ImportPhase::Receiving {
            let offset = view.received_bytes;
            bar.sent(offset, None);
            let last = next_slice(stream, &mut buffer)?;
            let end = offset + buffer.len() as u64;
            view = match self.slice(&view.id, offset, last, &buffer)? {
                Some(view) => view,
                None => {
                    let now = self.view(&view.id)?;
                    if now.phase == ImportPhase::Receiving && now.received_bytes != end {
                        return Err(CliError::Failed("the server lost a part of the stream".to_owned()));
                    }
                    now
                }
            };
        }
        self.finish(view, bar)
    }

    fn announcement(&self, name: String, size_bytes: Option<u64>, key: Option<String>) -> ImportAnnouncement {
        let Reading { map, partial } = self.reading.clone();
        ImportAnnouncement { name, size_bytes, key, map, partial }
    }

    fn announce(&self, file: &ImportAnnouncement) -> Result<ImportStatus, CliError> {
        let url = format!("{}/api/v1/imports", self.url);
        let text = serde_json::to_string(file).map_err(failed)?;
        let answer = self.patient(|agent| agent.post(&url).content_type("application/json").send(&text))?;
        view_of(&answer)
    }

    /// Sends one slice; `None` where the server has not what we think it has.
    fn slice(
        &self,
        id: &str,
        offset: u64,
        last: bool,
        bytes: &[u8],
    ) -> Result<Option<ImportStatus>, CliError> {
        let url = format!("{}/api/v1/imports/{id}?offset={offset}&last={last}", self.url);
        let answer =
            self.patient(|agent| agent.put(&url).content_type("application/octet-stream").send(bytes))?;
        match answer.status {
            404 | 409 => Ok(None),
            _ => view_of(&answer).map(Some),
        }
    }

    fn view(&self, id: &str) -> Result<ImportStatus, CliError> {
        let url = format!("{}/api/v1/imports/{id}", self.url);
        view_of(&self.patient(|agent| agent.get(&url).call())?)
    }

    /// Waits until the server has read the file.
    fn finish(&self, mut view: ImportStatus, bar: &mut Bar) -> Result<ImportStatus, CliError> {
        while view.phase.is_working() {
            bar.show(&view);
            if let (Some(error), true) = (&view.error, view.phase.is_working()) {
                return Err(CliError::Failed(format!("{}; import the file again to go on", error.message)));
            }
            std::thread::sleep(Duration::from_millis(100));
            view = self.view(&view.id)?;
        }
        // Reported now; the next import of the same file is another one.
        let url = format!("{}/api/v1/imports/{}", self.url, view.id);
        self.patient(|agent| agent.delete(&url).call())?;
        Ok(view)
    }

    /// Asks again while the server is away or busy.
    fn patient<E: std::fmt::Display>(
        &self,
        ask: impl Fn(&ureq::Agent) -> Result<ureq::http::Response<ureq::Body>, E>,
    ) -> Result<Answer, CliError> {
        let begun = Instant::now();
        loop {
            let failed = match ask(&self.agent) {
                Ok(mut answer) if answer.status().as_u16() != 503 => {
                    let status = answer.status().as_u16();
                    match answer.body_mut().read_to_string() {
                        Ok(body) => return Ok(Answer { status, body }),
                        Err(error) => error.to_string(),
                    }
                }
                Ok(_) => "the server is busy".to_owned(),
                Err(error) => error.to_string(),
            };
            if begun.elapsed() > RETRY_TIMEOUT {
                return Err(CliError::Failed(format!(
                    "{failed}; import the file again to go on where it stopped"
                )));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }
}

fn view_of(answer: &Answer) -> Result<ImportStatus, CliError> {
    if !matches!(answer.status, 200 | 201) {
        return Err(CliError::Failed(refusal(answer.status, &answer.body)));
    }
    serde_json::from_str(&answer.body)
        .map_err(|e| CliError::Failed(format!("the server's answer is unreadable: {e}")))
}

/// Reads the next slice of a stream; returns whether it is the last one.
pub(super) fn next_slice(stream: &mut impl Read, slice: &mut Vec<u8>) -> std::io::Result<bool> {
    slice.clear();
    stream.take(SLICE_BYTES).read_to_end(slice)?;
    Ok((slice.len() as u64) < SLICE_BYTES)
}
