//! A PostgreSQL server for the tests of one program: `scripts/postgres.sh`, which ends with the program.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use tokio::sync::Mutex;

/// A running server.
struct Server {
    /// Takes names of databases.
    names: ChildStdin,
    /// Answers each name with an address.
    addresses: BufReader<ChildStdout>,
    created: u32,
    /// It stops when its standard input is closed, which the end of this program does.
    _script: Child,
}

static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::start()));

impl Server {
    fn start() -> Self {
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let script =
            folders.find_map(|folder| Some(folder.join("scripts/postgres.sh")).filter(|it| it.exists()));
        let mut command = Command::new(script.unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (names, addresses) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { names, addresses, created: 0, _script: child };
        server.address();
        server
    }

    fn address(&mut self) -> String {
        let mut address = String::new();
        self.addresses.read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "the server ended; see above");
        address.trim_end().to_owned()
    }

    fn database(&mut self) -> String {
        self.created += 1;
        writeln!(self.names, "test_{}", self.created).unwrap();
        self.address()
    }
}

/// The address of a new database, empty.
pub(crate) async fn database() -> String {
    tokio::task::spawn_blocking(|| SERVER.blocking_lock().database()).await.unwrap()
}
