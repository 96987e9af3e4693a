//! Commands over HTTP against a server of a few lines: fetched once, acknowledged once, in order.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_model::{Body, FieldError, Object, RunId, Status};
use gauntlet_telemetry::{CommandController, Commands, Endpoint, ServerCommands};
use parking_lot::Mutex;

const LONG: Duration = Duration::from_secs(20);

/// Commands that wait and what was answered, by id. `failing` is how many acknowledgements fail.
#[derive(Default)]
struct CommandServer {
    pending: BTreeMap<String, String>,
    answered: Vec<(String, String)>,
    failing: u32,
}

fn serve() -> (Endpoint, Arc<Mutex<CommandServer>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = Arc::new(Mutex::new(CommandServer::default()));
    let shared = Arc::clone(&server);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let server = Arc::clone(&shared);
            std::thread::spawn(move || answer(stream.unwrap(), &server));
        }
    });
    (endpoint, server)
}

fn answer(stream: TcpStream, server: &Mutex<CommandServer>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, text) = respond(&first, &body, server);
    let size = text.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{text}");
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
}

fn respond(first: &str, body: &[u8], server: &Mutex<CommandServer>) -> (&'static str, String) {
    let path = first.split(' ').nth(1).unwrap();
    if let Some(id) = path.strip_prefix("/api/v1/runs/r/commands/").and_then(|p| p.strip_suffix("/ack")) {
        let mut server = server.lock();
        if server.failing > 0 {
            server.failing -= 1;
            return ("503 Service Unavailable", String::new());
        }
        server.pending.remove(id);
        server.answered.push((id.to_owned(), String::from_utf8_lossy(body).into_owned()));
        return ("200 OK", "{}".to_owned());
    }
    let wait: u64 = path.strip_prefix("/api/v1/runs/r/commands?wait=").unwrap().parse().unwrap();
    let until = Instant::now() + Duration::from_secs(wait);
    loop {
        let pending: Vec<_> = server.lock().pending.values().cloned().collect();
        if !pending.is_empty() || Instant::now() >= until {
            return ("200 OK", format!("{{\"commands\":[{}]}}", pending.join(",")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl CommandServer {
    fn issue(&mut self, id: &str, action: &str) {
        let command = format!(
            r#"{{"command_id":"{id}","action":"{action}","parameters":{{"p":1}},"author":"ada",
            "issued_at":"2026-11-21T00:06:33Z"}}"#
        );
        self.pending.insert(id.to_owned(), command);
    }
}

fn run() -> RunId {
    RunId::new("r").unwrap()
}

#[test]
fn a_command_is_given_once_until_the_server_has_its_answer() {
    let (endpoint, server) = serve();
    server.lock().failing = 2;
    let commands = ServerCommands::listen(endpoint, run()).unwrap();
    assert_eq!(commands.next(Duration::ZERO), None);
    server.lock().issue("1", "pause");
    server.lock().issue("2", "resume");
    let first = commands.next(LONG).unwrap();
    assert_eq!((first.command_id.as_str(), first.author.as_str()), ("1", "ada"));
    commands.acknowledge(&first, "paused");
    let second = commands.next(LONG).unwrap();
    assert_eq!(second.command_id, "2");
    commands.acknowledge(&second, "resumed");
    drop(commands);
    let server = server.lock();
    let expected = [("1", r#"{"result":"paused"}"#), ("2", r#"{"result":"resumed"}"#)];
    assert_eq!(server.answered, expected.map(|(id, body)| (id.to_owned(), body.to_owned())));
}

#[test]
fn a_loop_is_paused_tweaked_resumed_and_stopped_from_afar() {
    let (endpoint, server) = serve();
    let commands = Arc::new(ServerCommands::listen(endpoint, run()).unwrap());
    let steering = CommandController::new(commands, LONG);
    let tweaked = Mutex::new(0);
    let tweak = |new: &Object| {
        *tweaked.lock() += 1;
        if new.contains_key("p") { Ok(()) } else { Err(FieldError::new("p", "is missing")) }
    };
    for (id, action) in [("1", "pause"), ("2", "tweak"), ("3", "resume"), ("4", "stop")] {
        server.lock().issue(id, action);
    }
    let mut logged = Vec::new();
    let deadline = Instant::now() + LONG;
    while steering.check(&tweak, |body| logged.push(body)) == ControlFlow::Continue(()) {
        assert!(Instant::now() < deadline, "it was never stopped");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(steering);
    let statuses: Vec<_> = logged
        .iter()
        .map(|body| match body {
            Body::RunStatus(status) => status.status,
            other => panic!("the acknowledgements say it already: {other:?}"),
        })
        .collect();
    assert_eq!(statuses, [Status::Paused, Status::Running]);
    assert_eq!(*tweaked.lock(), 1);
    let answered: Vec<_> = server.lock().answered.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(answered, ["1", "2", "3", "4"]);
}
