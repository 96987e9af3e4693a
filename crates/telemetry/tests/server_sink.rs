//! The HTTP sink against a server of a few lines: what it posts, and what it makes of the answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::{Event, EventId, RunId, RunSpec, RunStatus, Status, Timestamp, decode_array};
use gauntlet_telemetry::{BatchConfig, BatchProcessor, ServerSink};
use gauntlet_telemetry::{EventSink, SystemClock};
use parking_lot::Mutex;

/// `POST path` and its body.
type Requests = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers by the script (status line and headers, body), then 200.
fn serve(script: Vec<(&'static str, &'static str)>) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        let mut script = script.into_iter();
        for stream in listener.incoming() {
            answer(stream.unwrap(), &seen, &mut script);
        }
    });
    (base, requests)
}

fn answer(
    stream: TcpStream,
    seen: &Requests,
    script: &mut impl Iterator<Item = (&'static str, &'static str)>,
) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some((name, value)) = line.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        } else {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    seen.lock().push((first.replace(" HTTP/1.1\r\n", ""), body));
    let (head, text) = script.next().unwrap_or(("200 OK", "{}"));
    let length = text.len();
    let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
}

fn event(id: u128) -> Arc<Event> {
    let body = RunStatus { status: Status::Running, reason: None };
    Arc::new(Event::new(EventId::from_u128(id), Timestamp::default(), None, None, body).unwrap())
}

fn delivery(base: &str) -> BatchProcessor {
    let spec = RunSpec { id: Some(RunId::new("run 1").unwrap()), ..RunSpec::named("n") };
    let config = BatchConfig { backoff: Duration::from_millis(1), ..BatchConfig::lossless() };
    BatchProcessor::start(ServerSink::new(base, spec).unwrap(), config, Arc::new(SystemClock::new())).unwrap()
}

fn paths(requests: &Requests) -> Vec<String> {
    requests.lock().iter().map(|(path, _)| path.clone()).collect()
}

const RUNS: &str = "POST /api/v1/runs";
const EVENTS: &str = "POST /api/v1/runs/run%201/events";

#[test]
fn it_creates_the_run_then_posts_batches_until_they_are_taken() {
    let (base, requests) = serve(vec![
        ("503 Service Unavailable\r\nretry-after: 0", "starting"),
        ("201 Created", "{}"),
        ("503 Service Unavailable\r\nRetry-After: 1", "full"),
        ("500 Internal Server Error", ""),
    ]);
    let delivery = delivery(&base);
    let began = std::time::Instant::now();
    (1..=3).for_each(|id| delivery.offer(event(id)));
    let counters = delivery.flush(Duration::from_secs(30)).unwrap();
    assert_eq!((counters.sent, counters.dropped, counters.retried), (3, 0, 3));
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");
    assert_eq!(paths(&requests), [RUNS, RUNS, EVENTS, EVENTS, EVENTS]);
    let requests = requests.lock();
    let spec: RunSpec = serde_json::from_slice(&requests[0].1).unwrap();
    assert_eq!(spec.name, "n");
    let events = decode_array(&requests[4].1).unwrap();
    assert_eq!(events, [1, 2, 3].map(|id| event(id).as_ref().clone()));
    assert_eq!(requests[2].1, requests[4].1, "a repeated batch is the same batch");
}

#[test]
fn a_refused_event_is_left_out_and_reported() {
    let blame = r#"{"details":[{"index":1,"field":"body.scores","message":"is missing"}]}"#;
    let (base, requests) = serve(vec![("201 Created", "{}"), ("422 Unprocessable Entity", blame)]);
    let delivery = delivery(&base);
    (1..=3).for_each(|id| delivery.offer(event(id)));
    let counters = delivery.flush(Duration::from_secs(30)).unwrap();
    assert_eq!((counters.sent, counters.dropped), (2, 1));
    assert!(delivery.last_loss().is_some_and(|loss| loss.contains("body.scores")));
    drop(delivery);
    let requests = requests.lock();
    let sent: Vec<usize> = requests[1..].iter().map(|(_, body)| decode_array(body).unwrap().len()).collect();
    assert_eq!(sent, [3, 2, 1], "the batch, the rest of it, and the gap at the end");
    assert_eq!(decode_array(&requests[3].1).unwrap()[0].kind().as_str(), "gap");
}

#[test]
fn all_refused_events_of_a_batch_cost_one_request() {
    let refused = r#"{"error":{"details":[{"index":0,"field":"a","message":"x"},
        {"index":2,"field":"b","message":"y"},{"index":9,"field":"c","message":"z"}]}}"#;
    let (base, requests) = serve(vec![("201 Created", "{}"), ("422 Unprocessable Entity", refused)]);
    let delivery = delivery(&base);
    (1..=4).for_each(|id| delivery.offer(event(id)));
    let counters = delivery.flush(Duration::from_secs(30)).unwrap();
    assert_eq!((counters.sent, counters.dropped), (2, 2));
    assert!(
        delivery.last_loss().is_some_and(|loss| loss.ends_with("422: b: y")),
        "{:?}",
        delivery.last_loss()
    );
    let requests = requests.lock();
    assert_eq!(decode_array(&requests[2].1).unwrap(), [2, 4].map(|id| event(id).as_ref().clone()));
}

#[test]
fn a_run_that_exists_is_continued_and_one_that_was_lost_is_created_again() {
    let (base, requests) = serve(vec![
        ("409 Conflict", "exists with other content"),
        ("200 OK", "{}"),
        ("404 Not Found", "there is no run"),
        ("201 Created", "{}"),
    ]);
    let delivery = delivery(&base);
    for id in 1..=2 {
        delivery.offer(event(id));
        let counters = delivery.flush(Duration::from_secs(30)).unwrap();
        assert_eq!((counters.sent, counters.dropped), (u64::try_from(id).unwrap(), 0));
    }
    assert_eq!(paths(&requests), [RUNS, EVENTS, EVENTS, RUNS, EVENTS]);
}

#[test]
fn a_server_that_never_accepts_the_run_is_not_asked_forever() {
    let (created, unknown) = (("201 Created", "{}"), ("404 Not Found", "no run"));
    let again = [unknown, created, unknown].repeat(8);
    let (base, requests) = serve([vec![created], again, vec![unknown; 40]].concat());
    let delivery = delivery(&base);
    for id in 1..=10 {
        delivery.offer(event(id));
        let counters = delivery.flush(Duration::from_secs(30)).unwrap();
        assert_eq!((counters.sent, counters.dropped), (0, u64::try_from(id).unwrap()));
    }
    assert!(delivery.last_loss().is_some_and(|loss| loss.contains("404")), "{:?}", delivery.last_loss());
    let created = paths(&requests).iter().filter(|path| *path == RUNS).count();
    assert_eq!(created, 9, "once, and eight times again");
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let delivery = delivery(&format!("http://{address}"));
    delivery.offer(event(1));
    let unsettled = delivery.flush(Duration::from_millis(500)).unwrap_err();
    assert!(delivery.delay().is_some_and(|why| why.contains(&address.to_string())), "{:?}", delivery.delay());
    assert_eq!((unsettled.counters.queued, unsettled.counters.dropped), (1, 0));
    assert!(unsettled.to_string().contains("1 events are not delivered yet"));
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &Requests::default(), &mut std::iter::empty());
        }
    });
    assert_eq!(delivery.flush(Duration::from_secs(30)).unwrap().sent, 1);
}
