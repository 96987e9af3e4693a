//! TLS on the real binary: what a server refuses to begin with, what a command trusts, and how each failure
//! is explained.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

const LONG: Duration = Duration::from_secs(60);

fn gauntlet(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    command.args(["--log", "error", "--otlp-grpc", "off", "--data"]).arg(data).args(args);
    command.current_dir(data).env("GAUNTLET_QUIET", "1");
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes a certificate for 127.0.0.1 that signs itself, and its key.
fn certificate(folder: &Path, name: &str, is_expired: bool) -> [PathBuf; 2] {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    if is_expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let files = ["cert", "key"].map(|kind| folder.join(format!("{name}.{kind}.pem")));
    std::fs::write(&files[0], params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(&files[1], key.serialize_pem()).unwrap();
    files
}

struct Server {
    child: Child,
    url: String,
    data: tempfile::TempDir,
}

impl Server {
    fn start(is_expired: bool) -> Self {
        let data = tempfile::tempdir().unwrap();
        certificate(data.path(), "server", is_expired);
        let args =
            ["--listen", "127.0.0.1:0", "--tls-cert", "server.cert.pem", "--tls-key", "server.key.pem"];
        let mut child = gauntlet(data.path(), &args).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("https://"));
        let url = url.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { child, url, data }
    }

    fn ca(&self) -> PathBuf {
        self.data.path().join("server.cert.pem")
    }

    /// A command that asks a server, with certificates to trust.
    fn ask(&self, endpoint: &str, ca: Option<&Path>, args: &[&str]) -> Output {
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = gauntlet(elsewhere.path(), &["--endpoint", endpoint]);
        if let Some(ca) = ca {
            command.env("GAUNTLET_CA", ca);
        }
        command.args(args).output().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_does_not_begin_with_half_of_what_it_needs() {
    let data = tempfile::tempdir().unwrap();
    certificate(data.path(), "a", false);
    certificate(data.path(), "b", false);
    let refused = |args: &[&str]| {
        let output = gauntlet(data.path(), args).arg("serve").output().unwrap();
        assert!(!output.status.success(), "{args:?}");
        text(&output)
    };
    assert!(refused(&["--tls-cert", "a.cert.pem"]).contains("tls.key: is missing"));
    assert!(refused(&["--tls-key", "a.key.pem"]).contains("tls.cert: is missing"));
    assert!(refused(&["--tls-cert", "none.pem", "--tls-key", "a.key.pem"]).contains("none.pem"));
    let swapped = refused(&["--tls-cert", "a.key.pem", "--tls-key", "a.key.pem"]);
    assert!(swapped.contains("a.key.pem: holds no certificate"), "{swapped}");
    let mixed = refused(&["--tls-cert", "a.cert.pem", "--tls-key", "b.key.pem"]);
    assert!(mixed.contains("a.cert.pem and b.key.pem"), "{mixed}");
    let anywhere = ["--listen", "0.0.0.0:0", "--tls-cert", "a.cert.pem", "--tls-key", "a.key.pem"];
    assert!(refused(&anywhere).contains("there is no admin's key"));
    assert!(refused(&["--listen", "0.0.0.0:0"]).contains("tls.cert"));
    let left: Vec<_> = std::fs::read_dir(data.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "gauntlet.lock.held"), "{left:?}");
}

#[test]
fn commands_and_runs_go_over_tls_with_the_certificate_that_is_named() {
    let server = Server::start(false);
    let ca = server.ca();
    let made = server.ask(&server.url, Some(&ca), &["demo", "--steps", "12", "--run", "secured"]);
    assert!(made.status.success(), "{}", text(&made));
    let listed = server.ask(&server.url, Some(&ca), &["runs", "--json"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("\"secured\""), "{}", text(&listed));
    // The live stream is a WebSocket.
    let followed = server.ask(&server.url, Some(&ca), &["tail", "secured", "--json"]);
    let lines = String::from_utf8_lossy(&followed.stdout).lines().count();
    assert!(lines >= 10, "{lines} lines: {}", text(&followed));
    let own = gauntlet(server.data.path(), &["runs", "--json"]).env("GAUNTLET_CA", &ca).output().unwrap();
    assert!(String::from_utf8_lossy(&own.stdout).contains("\"secured\""), "{}", text(&own));
}

#[test]
fn each_failure_of_encryption_says_what_helps() {
    let server = Server::start(false);
    let refused = |endpoint: &str, ca: Option<&Path>| {
        let output = server.ask(endpoint, ca, &["runs"]);
        assert!(!output.status.success(), "{endpoint}");
        text(&output)
    };
    let unknown = refused(&server.url, None);
    assert!(unknown.contains("GAUNTLET_CA names a file of certificates to trust"), "{unknown}");
    let [other, _] = certificate(server.data.path(), "other", false);
    let unknown = refused(&server.url, Some(&other));
    assert!(unknown.contains("certificate"), "{unknown}");
    let plain = refused(&server.url.replacen("https", "http", 1), None);
    assert!(plain.contains("this Gauntlet speaks TLS: its address is https://"), "{plain}");
    let name = refused(&server.url.replacen("127.0.0.1", "localhost", 1), Some(&server.ca()));
    assert!(name.contains("not valid for name \"localhost\""), "{name}");
    let missing = refused(&server.url, Some(Path::new("/none/ca.pem")));
    assert!(missing.contains("/none/ca.pem"), "{missing}");
    let far = refused("http://gauntlet.example:4600", None);
    assert!(far.contains("is not encrypted") && far.contains("GAUNTLET_INSECURE=1"), "{far}");
    let expired = Server::start(true);
    let late = expired.ask(&expired.url, Some(&expired.ca()), &["runs"]);
    assert!(text(&late).contains("has expired"), "{}", text(&late));
}

#[test]
fn a_certificate_that_changes_is_read_again_and_a_broken_one_is_not() {
    let server = Server::start(false);
    let old = server.data.path().join("old.pem");
    std::fs::copy(server.ca(), &old).unwrap();
    let [cert, key] = certificate(server.data.path(), "next", false);
    std::fs::write(server.ca(), "broken").unwrap();
    let works = |ca: &Path| server.ask(&server.url, Some(ca), &["runs"]).status.success();
    let hang_up = || {
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    };
    hang_up();
    assert!(works(&old), "the certificate before stays in use");
    std::fs::copy(&key, server.data.path().join("server.key.pem")).unwrap();
    std::fs::copy(&cert, server.ca()).unwrap();
    hang_up();
    let deadline = Instant::now() + LONG;
    while !works(&cert) {
        assert!(Instant::now() < deadline, "the new certificate is not used");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!works(&old));
}
