//! Calls the webhooks of monitors. What is to be called is queued in the database with the alert; this posts
//! it, and tries again with longer and longer waits. A restart goes on where the last process stopped, so a
//! call may come twice; the id of its alert tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use gauntlet_engine::clock::now;
use gauntlet_model::Timestamp;
use gauntlet_store::{CallOutcome, DueCall, Store, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Time between two checks of the queue.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Calls at one time.
const AT_ONCE: u32 = 8;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Waits before the second and each later attempt. After the last one the call is given up.
const WAITS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
];

/// Delivers what is queued until the server stops. One server of a database does it for all.
pub(crate) async fn deliver(store: Store, stopping: CancellationToken) {
    let leases = store.leases();
    leases.while_held("webhooks", &stopping, || deliver_on(store.clone(), stopping.clone())).await;
}

async fn deliver_on(store: Store, stopping: CancellationToken) {
    let agent = agent();
    while stopping.run_until_cancelled(tokio::time::sleep(CHECK_INTERVAL)).await.is_some() {
        let round = stopping.run_until_cancelled(deliver_due(&store, &agent));
        if let Some(Err(error)) = round.await {
            tracing::warn!(%error, "webhooks were not called; trying again");
        }
    }
}

/// One attempt for each of the longest due calls.
async fn deliver_due(store: &Store, agent: &ureq::Agent) -> Result<(), StoreError> {
    let mut attempts = JoinSet::new();
    for call in store.due_calls(now(), AT_ONCE).await? {
        let agent = agent.clone();
        attempts.spawn_blocking(move || (call.call_no, attempt(&agent, &call)));
    }
    while let Some(done) = attempts.join_next().await {
        // A call that panicked is still queued.
        let Ok((call_no, outcome)) = done else { continue };
        store.settle_call(call_no, outcome, now()).await?;
    }
    Ok(())
}

/// Posts a call once.
fn attempt(agent: &ureq::Agent, call: &DueCall) -> CallOutcome {
    let request = agent.post(&call.url).header("content-type", "application/json");
    let (error, is_final) = match request.send(&call.payload) {
        // What it answers is not read: nothing of it would be shown.
        Ok(answer) => match answer.status().as_u16() {
            200..=299 => return CallOutcome::Delivered,
            status @ 300..=399 => (format!("it answers {status}: a redirect, which is not followed"), true),
            status @ (408 | 425 | 429) => (format!("it answers {status}"), false),
            status @ 400..=499 => (format!("it answers {status}"), true),
            status => (format!("it answers {status}"), false),
        },
        Err(error) => (error.to_string(), false),
    };
    let wait = WAITS.get(call.attempts as usize).filter(|_| !is_final);
    CallOutcome::Failed { error, retry_at: wait.map(|wait| after(now(), *wait)) }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(time.micros().saturating_add(micros))
}

fn agent() -> ureq::Agent {
    let config = Config::builder()
        .timeout_global(Some(ATTEMPT_TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("gauntlet/", env!("CARGO_PKG_VERSION")))
        .build();
    ureq::Agent::with_parts(config, DefaultConnector::default(), Reachable(DefaultResolver::default()))
}

/// Finds addresses as ever, and refuses those that are not a place for a webhook.
#[derive(Debug)]
struct Reachable(DefaultResolver);

impl Resolver for Reachable {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        match found.iter().find(|address| is_refused(address.ip())) {
            None => Ok(found),
            Some(address) => {
                let message = format!("{} is not called: it is not an address of a webhook", address.ip());
                Err(ureq::Error::Other(message.into()))
            }
        }
    }
}

/// Where clouds answer with the credentials of a machine, beside link-local addresses: Alibaba's, Oracle's
/// and Amazon's.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether an address is one where clouds answer with the credentials of a machine, or none of one machine.
/// This machine and private networks may be called: bots and relays run there.
fn is_refused(address: IpAddr) -> bool {
    let address = address.to_canonical();
    METADATA.contains(&address)
        || match address {
            IpAddr::V4(ip) => {
                ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()
            }
            IpAddr::V6(ip) => {
                ip.is_unicast_link_local()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || translated(ip).is_some_and(|ip| is_refused(ip.into()))
            }
        }
}

/// The IPv4 address that an address of IPv6 leads to through a gateway: NAT64, 6to4, and the old notation.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let ip = address.segments();
    let two = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match ip {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => two(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => two(high, low),
        [0x2002, high, low, ..] => two(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_credentials_and_of_no_machine_are_refused() {
        let refused = [
            "169.254.169.254 ::ffff:169.254.169.254 fe80::1 0.0.0.0 :: 224.0.0.1 255.255.255.255 ff02::1",
            "100.100.100.200 192.0.0.192 fd00:ec2::254 ::ffff:100.100.100.200",
            "64:ff9b::169.254.169.254 64:ff9b:1::169.254.169.254 ::169.254.169.254 2002:a9fe:a9fe::1",
        ];
        for address in refused.iter().flat_map(|some| some.split(' ')) {
            assert!(is_refused(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "::1",
            "10.0.0.5",
            "93.184.215.14",
            "2606:2800:21f::1",
            "64:ff9b::10.0.0.5",
            "fd00::254",
        ] {
            assert!(!is_refused(address.parse().unwrap()), "{address}");
        }
    }

    /// The outcome of a call that a server answers like this.
    fn outcome_of(answer: &'static str) -> CallOutcome {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(br#"{"text":"x"}"#) {
                let mut bytes = [0; 1024];
                let count = stream.read(&mut bytes).unwrap();
                assert!(count > 0, "the body is missing");
                seen.extend_from_slice(&bytes[..count]);
            }
            write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        });
        let call = DueCall { call_no: 1, url, payload: r#"{"text":"x"}"#.to_owned(), attempts: 0 };
        let outcome = attempt(&agent(), &call);
        answering.join().unwrap();
        outcome
    }

    #[test]
    fn what_is_not_taken_is_tried_again_or_given_up() {
        assert_eq!(outcome_of("200 OK"), CallOutcome::Delivered);
        let check = |answer, words: &str, is_retried: bool| match outcome_of(answer) {
            CallOutcome::Failed { error, retry_at } => {
                assert!(error.contains(words), "{answer}: {error}");
                assert_eq!(retry_at.is_some(), is_retried, "{answer}");
            }
            CallOutcome::Delivered => panic!("{answer} is not a delivery"),
        };
        check("302 Found\r\nlocation: http://127.0.0.1:1/", "302: a redirect, which is not followed", false);
        check("404 Not Found", "it answers 404", false);
        check("429 Too Many Requests", "it answers 429", true);
        check("503 Service Unavailable", "it answers 503", true);
    }

    #[test]
    fn a_name_that_is_link_local_is_not_called() {
        let call = DueCall {
            call_no: 1,
            url: "http://169.254.169.254/latest/meta-data".to_owned(),
            payload: "{}".to_owned(),
            attempts: 0,
        };
        let CallOutcome::Failed { error, retry_at } = attempt(&agent(), &call) else {
            panic!("it was called")
        };
        assert!(error.contains("169.254.169.254 is not called"), "{error}");
        assert!(retry_at.is_some());
        let last = DueCall { attempts: WAITS.len() as u32, ..call };
        assert!(matches!(attempt(&agent(), &last), CallOutcome::Failed { retry_at: None, .. }));
    }
}
