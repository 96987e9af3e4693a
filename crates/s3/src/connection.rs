//! The connection to a bucket: credentials, region, address, how long one waits and how often one tries.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use gauntlet_backup::Bucket;
use tokio::runtime::Handle;

/// The region where nothing names one, which servers that are not AWS's do not look at.
const REGION: &str = "us-east-1";
/// How often a request is made before it has failed.
const TRIES: u32 = 4;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one try of a request may take until its answer begins; the last part of an archive is 128 MiB.
const ANSWER: Duration = Duration::from_secs(180);

/// A bucket with what its requests need; sinks and sources share it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub client: Client,
    pub bucket: Bucket,
    /// Where requests run that a thread waits for.
    pub runtime: Handle,
}

/// Connects to a bucket, with credentials that are found as AWS's own tools find them where none are given.
/// No request is made to it.
pub(crate) async fn connect(bucket: &Bucket, credentials: Option<Credentials>) -> Client {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let service_endpoint = || std::env::var("AWS_ENDPOINT_URL_S3").ok().filter(|url| !url.is_empty());
    let endpoint = bucket.endpoint.clone().or_else(service_endpoint);
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ANSWER).build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(timeouts)
        .region(region(bucket.region.clone(), endpoint.is_some()));
    let loader = match credentials {
        Some(credentials) => loader.credentials_provider(credentials),
        None => loader,
    };
    let shared = loader.load().await;
    let endpoint = endpoint.or_else(|| shared.endpoint_url().map(str::to_owned));
    let mut config = Builder::from(&shared)
        // What is sent has checksums of our own, and what is read is compared with a manifest. More of them
        // is what other servers than AWS's do not know.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // A server at an address of its own seldom has a name for every bucket.
        .force_path_style(endpoint.is_some());
    config.set_endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// The region. The metadata of the machine is asked only where AWS's own servers are.
fn region(named: Option<String>, has_endpoint: bool) -> RegionProviderChain {
    let chain = RegionProviderChain::first_try(named.map(Region::new));
    let chain = match has_endpoint {
        true => {
            chain.or_else(EnvironmentVariableRegionProvider::new()).or_else(ProfileFileRegionProvider::new())
        }
        false => chain.or_default_provider(),
    };
    chain.or_else(Region::new(REGION))
}
