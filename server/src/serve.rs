//! Serving: open the log, listen, and on a signal let every request finish before the log is closed.

use std::net::SocketAddr;
use std::time::Duration;

use gauntlet_store::{Options, Store};
use gauntlet_vault::Secret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, AccessOptions};
use crate::archive_places::open_place;
use crate::config::Config;
use crate::connections::{self, Deadlines};
use crate::downloads;
use crate::lock::DataLock;
use crate::otlp;
use crate::process;
use crate::router::router;
use crate::site::Site;
use crate::state::AppState;
use crate::tls::{self, Tls};
use gauntlet_engine::imports::Imports;

/// How often artifacts and uploads are swept.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// How long the log may take to be closed once the server stops: with [`Deadlines::drain`] before it, less
/// than a second in all. What is cut off here was not acknowledged, or is on the disk already.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(400);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// The database.
    #[error("the database cannot be opened")]
    Store(#[from] gauntlet_store::StoreError),
    /// The address.
    #[error("cannot listen on {0}: {1}; --listen ADDR takes another address")]
    Listen(SocketAddr, std::io::Error),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// Keys are asked for, and there is none that could make others.
    #[error(
        "requests need an API key here, and there is no admin's key yet: make one with `gauntlet keys create \
         NAME --role admin` on this machine while the server is not running, or set GAUNTLET_ADMIN_KEY"
    )]
    NoAdmin,
    /// The key in the environment is none.
    #[error(
        "GAUNTLET_ADMIN_KEY is not an API key: it is gk_ and 32 random bytes in base64url; `gauntlet keys \
         generate` prints a fresh one"
    )]
    AdminKey,
    /// The place for backups.
    #[error("backup.to: {0}")]
    Backups(String),
    /// Anything else of the operating system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Why OTLP is not taken over gRPC.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {error}")]
pub struct GrpcAddressError {
    /// The address that was asked for.
    pub address: SocketAddr,
    /// The operating system's error.
    pub error: std::io::Error,
}

/// Opens the log of a configuration. The caller holds the folder's lock.
pub async fn open_store(config: &Config) -> Result<Store, ServeError> {
    let options = Options {
        synchronous: config.synchronous,
        queue: config.queue_batches,
        search: config.search,
        database: config.database.clone(),
        artifacts: config.artifacts.clone(),
        ..Options::new(&config.data)
    };
    Ok(Store::open(options).await?)
}

/// The keys that requests need, where they need any.
async fn open_access(config: &Config, store: &Store) -> Result<Access, ServeError> {
    if !config.exposure.keys_required {
        return Ok(Access::default());
    }
    let admin_key = match &config.admin_key {
        Some(text) => Some(Secret::parse(text).ok_or(ServeError::AdminKey)?),
        None => None,
    };
    // Behind a proxy that does TLS, browsers see an encrypted connection.
    let secure_cookies = config.tls.is_some() || !config.exposure.proxies.is_empty();
    let options = AccessOptions { admin_key, proxies: config.exposure.proxies.clone(), secure_cookies };
    let access = Access::required(store.clone(), options).await?;
    match access.has_admin() {
        true => Ok(access),
        false => Err(ServeError::NoAdmin),
    }
}

/// A server that listens.
pub struct Server {
    state: AppState,
    listener: TcpListener,
    /// Where OTLP comes over gRPC, or why it does not; `None` where it is not wanted.
    grpc: Option<Result<(TcpListener, SocketAddr), GrpcAddressError>>,
    tls: Option<Tls>,
    /// Held until the log is closed.
    lock: DataLock,
    url: String,
}

impl Server {
    /// Takes the data folder, opens the log and binds the address.
    pub async fn bind(config: &Config) -> Result<Self, ServeError> {
        let tls = config.tls.clone().map(Tls::open).transpose()?;
        let mut lock = DataLock::take(&config.data)?;
        let listener =
            connections::listen(config.listen).map_err(|e| ServeError::Listen(config.listen, e))?;
        let grpc = match config.otlp_grpc {
            // Another program may listen there, such as a collector: that must not keep the server from
            // starting.
            Some(address) => Some(listen_for_grpc(address).await),
            None => None,
        };
        let store = open_store(config).await?;
        store.serve_artifacts().await?;
        let url = Config { listen: listener.local_addr()?, ..config.clone() }.url();
        lock.announce(&url)?;
        let access = open_access(config, &store).await?;
        let (trusted, frames) = (config.trusted.clone(), config.frames.clone());
        let trusted = trusted.with_hosts(&config.exposure);
        let backups = match &config.backup {
            Some(backup) => {
                Some((backup.clone(), open_place(&backup.to).await.map_err(ServeError::Backups)?))
            }
            None => None,
        };
        let state = AppState::new(store, config.limits, Site::find()).with_backups(backups);
        let state = AppState { access, trusted, frames, ..state };
        Ok(Self { state, listener, grpc, tls, lock, url })
    }

    /// Where it answers, such as `http://127.0.0.1:4600`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where OTLP is taken over gRPC, or why it is not; `None` where it is off.
    pub fn otlp_grpc(&self) -> Option<Result<SocketAddr, &GrpcAddressError>> {
        self.grpc.as_ref().map(|grpc| grpc.as_ref().map(|(_, address)| *address))
    }

    /// Whether the browser side was built.
    pub fn has_site(&self) -> bool {
        self.state.site.is_built()
    }

    /// Serves until `stop`, then drains: live connections end, requests finish, the log is closed.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServeError> {
        let Self { state, listener, grpc, tls, lock, url } = self;
        let (store, stopping) = (state.store.clone(), state.stopping.clone());
        start_tasks(&state, url);
        let grpc =
            grpc.and_then(Result::ok).map(|(listener, _)| tokio::spawn(serve_grpc(state.clone(), listener)));
        let ending = stopping.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            tracing::info!("stopping: finishing requests");
            ending.cancel();
        });
        let acceptor = tls.as_ref().map(Tls::acceptor);
        if let Some(tls) = tls {
            tokio::spawn(stopping.clone().run_until_cancelled_owned(tls.watch(tls::CHECK_INTERVAL)));
        }
        let listener = connections::Listener { listener, tls: acceptor };
        let most = process::most_connections();
        connections::serve(listener, router(state), stopping, most, Deadlines::default()).await;
        if let Some(grpc) = grpc
            && let Err(error) = grpc.await
        {
            tracing::error!(%error, "gRPC ended badly");
        }
        // What was acknowledged is on the disk; what still waits was not acknowledged.
        if tokio::time::timeout(CLOSE_TIMEOUT, store.close()).await.is_err() {
            tracing::warn!("the log was still busy; it is whole, and tidied up at the next start");
        }
        drop(lock);
        tracing::info!("stopped");
        Ok(())
    }
}

/// Listens for OTLP over gRPC; also the address, which the system chooses where port 0 was asked for.
async fn listen_for_grpc(address: SocketAddr) -> Result<(TcpListener, SocketAddr), GrpcAddressError> {
    let bind = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind.await.map_err(|error| GrpcAddressError { address, error })
}

/// Starts what runs beside requests until the server stops: followers, sweeps, deliveries.
fn start_tasks(state: &AppState, url: String) {
    let (store, stopping) = (state.store.clone(), state.stopping.clone());
    state.imports.resume();
    downloads::remove_unfinished(store.folder());
    tokio::spawn(stopping.clone().run_until_cancelled_owned(sweep(state.imports.clone())));
    tokio::spawn(sweep_artifacts(store.clone(), stopping.clone()));
    tokio::spawn(state.settings_changes.clone().follow_elsewhere(store.clone(), stopping.clone()));
    tokio::spawn(state.access.clone().follow_elsewhere(stopping.clone()));
    tokio::spawn(crate::contact::sweep(store.clone(), stopping.clone()));
    tokio::spawn(gauntlet_engine::monitors::run(store.clone(), url, stopping.clone()));
    tokio::spawn(crate::webhooks::deliver(store, stopping.clone()));
    tokio::spawn(gauntlet_engine::projections::run(state.films.clone(), stopping.clone()));
    tokio::spawn(gauntlet_engine::sealing::run(state.films.clone(), stopping));
    tokio::spawn(state.backups.clone().run(state.stopping.clone()));
    tokio::spawn(otlp::watch_quiet(state.clone()));
}

/// Takes OTLP over gRPC until the server stops, and what is under way for a while after it.
async fn serve_grpc(state: AppState, listener: TcpListener) {
    let serving = otlp::Grpc::new(state.clone()).serve(listener);
    let ended = async {
        if let Err(error) = serving.await {
            tracing::error!(%error, "OTLP is no longer taken over gRPC");
        }
    };
    let late = async {
        state.stopping.cancelled().await;
        // Exporters send again what was cut off.
        tokio::time::sleep(Deadlines::default().drain).await;
    };
    tokio::select! {
        () = ended => {}
        () = late => {}
    }
}

/// Removes artifacts that no run refers to, at the start and every hour. One server of a database does it.
async fn sweep_artifacts(store: Store, stopping: CancellationToken) {
    let leases = store.leases();
    let sweep = || async {
        let mut turns = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            turns.tick().await;
            if let Err(error) = store.sweep_artifacts().await {
                tracing::warn!(%error, "artifacts cannot be swept now");
            }
        }
    };
    leases.while_held("artifacts", &stopping, sweep).await;
}

/// Removes uploads that nobody goes on with, at the start and every hour.
async fn sweep(imports: Imports) {
    let mut turns = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        turns.tick().await;
        let removed = imports.sweep().await;
        if removed > 0 {
            tracing::info!(files = removed, "imports that nobody went on with were removed");
        }
    }
}

/// Cancelled by SIGINT or SIGTERM.
pub fn signals() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let stop = token.clone();
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        stop.cancel();
    });
    Ok(token)
}
