//! Pipes, terminals, shells and environment variables.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::fixture::{NOBODY, Server, folder, gauntlet, out, parsed, refusal, stdout_of};

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    let data = folder();
    let piped = format!(
        "'{}' --listen {NOBODY} --log error --data '{}' tail first --json -n 1000 | head -n 1; \
         exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_gauntlet"),
        data.path().display()
    );
    let output = Command::new("bash").args(["-c", &piped]).output().unwrap();
    assert_eq!(parsed(&out(&output)).len(), 1);
}

/// A terminal as `script` makes one.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_colours_and_its_width_unless_it_wants_none() {
    let data = folder();
    let at_terminal = |columns: usize, environment: &str| {
        let command = format!(
            "stty rows 24 cols {columns}; {environment} timeout 30 '{}' --listen {NOBODY} --log error \
             --data '{}' tail first --failing -n 5",
            env!("CARGO_BIN_EXE_gauntlet"),
            data.path().display()
        );
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let output = script.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    };
    let coloured = at_terminal(60, "");
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    for columns in [60, 45, 40] {
        let plain = at_terminal(columns, "NO_COLOR=1");
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        assert!(plain.lines().count() == 7 && plain.lines().all(|l| l.chars().count() <= columns), "{plain}");
    }
    assert_eq!(at_terminal(12, "NO_COLOR=1").lines().count(), 7, "it ends however narrow it is");
}

#[test]
fn every_shell_learns_the_commands() {
    let data = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout_of(data.path(), &["completions", shell]);
        for word in ["tail", "failing", "completions"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    assert!(refusal(data.path(), &["completions", "tcsh"]).contains("bash"));
}

#[test]
fn a_shell_completes_what_a_flag_takes() {
    let data = tempfile::tempdir().unwrap();
    let script = data.path().join("gauntlet.bash");
    std::fs::write(&script, stdout_of(data.path(), &["completions", "bash"])).unwrap();
    for (flag, values) in [
        ("--status", "pending running paused completed failed timed_out cancelled"),
        (
            "--sort",
            "created updated name project status steps failing mean last duration events episodes id kind \
             agent task tags notes",
        ),
    ] {
        let ask = format!(
            "source {}; COMP_WORDS=(gauntlet runs {flag} ''); COMP_CWORD=3; _gauntlet gauntlet '' {flag}; \
             echo ${{COMPREPLY[*]}}",
            script.display()
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        assert_eq!(out(&output).trim(), values);
    }
}

#[test]
fn a_proxy_is_not_asked_for_a_server_on_this_machine() {
    let server = Server::start();
    server.post("", r#"{"id": "here", "name": "here"}"#);
    for name in ["http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        for args in [&["runs", "--json"][..], &["export", "here"], &["show", "here"]] {
            let output = server.command(args).env(name, "http://127.0.0.1:9").output().unwrap();
            assert!(out(&output).contains("here"), "{name} {args:?}");
        }
        let mut demo = server.command(&["demo", "--steps", "3", "--run", name]);
        assert!(out(&demo.env(name, "http://127.0.0.1:9").output().unwrap()).contains("done: 3 rollouts"));
    }
}

/// Something else answers every request where a Gauntlet would.
#[test]
fn another_program_is_not_taken_for_a_server() {
    let data = folder();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut asked in other.incoming().flatten() {
            let _ = asked.read(&mut [0; 4096]);
            let _ = asked.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    let listed = out(&gauntlet(data.path(), &address, &["runs", "--json"]).output().unwrap());
    assert_eq!(parsed(&listed).len(), 2, "the runs of the folder");
    let serve =
        String::from_utf8(gauntlet(data.path(), &address, &["serve"]).output().unwrap().stderr).unwrap();
    assert!(serve.contains(&address) && serve.contains("--listen"), "{serve}");
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = Command::new(env!("CARGO_BIN_EXE_gauntlet")).args(["--log", "??=", "runs"]).output().unwrap();
    let log = String::from_utf8_lossy(&log.stderr).into_owned();
    assert!(log.contains("invalid value '??=' for '--log <FILTER>'"), "{log}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let unusable = refusal(&file, &["runs"]);
    assert!(unusable.contains(&format!("the data folder {} cannot be used", file.display())), "{unusable}");
}

#[test]
fn only_a_server_logs_what_it_does_unasked() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_gauntlet"));
    demo.args(["--listen", NOBODY, "demo", "--steps", "2", "--data"]).arg(data.path());
    let output = demo.env_remove("GAUNTLET_LOG").output().unwrap();
    assert!(out(&output).contains("done: 2 rollouts"));
}
