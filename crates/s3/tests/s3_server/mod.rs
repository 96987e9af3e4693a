//! An S3 server for one test: `scripts/s3.sh`, which ends with it. Its bucket is `lab`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running server.
pub(crate) struct S3Server {
    child: Child,
    /// Takes how it is to answer. Its end is that of the server.
    faults: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub url: String,
}

impl S3Server {
    pub(crate) fn start() -> Self {
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let script = folders.find_map(|folder| Some(folder.join("scripts/s3.sh")).filter(|it| it.exists()));
        let mut command = Command::new(script.unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (faults, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, faults, answers, url: String::new() };
        server.url = server.answer();
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
        server
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the server ended; see above");
        line.trim_end().to_owned()
    }

    /// How it answers from now on; see `scripts/s3_server.py`.
    pub(crate) fn behave(&mut self, how: &str) {
        writeln!(self.faults.as_mut().unwrap(), "{how}").unwrap();
        assert_eq!(self.answer(), "");
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.faults.take());
        let _ = self.child.wait();
    }
}
