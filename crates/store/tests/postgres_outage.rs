//! PostgreSQL that goes away while the store is open: what is acknowledged stays, what is not is refused, and
//! the store goes on by itself.

#[path = "conformance/fixtures.rs"]
#[allow(dead_code, reason = "this test uses its part")]
mod fixtures;
mod postgres_server;

use std::time::Duration;

use fixtures::{assert_dense, at, log, notes, started};
use gauntlet_store::{Options, Store, StoreError};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

async fn opened(database: &str, folder: &tempfile::TempDir) -> Result<Store, StoreError> {
    let database = Some(database.parse().unwrap());
    Store::open(Options { database, ..Options::new(folder.path()) }).await
}

/// Ends every connection to a database, as a restart of the server does.
async fn cut_connections(database: &str) {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    connection.execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = postgres_server::database().await;
    let store = opened(&database, &folder).await.unwrap();
    let run = started(&store, "r").await;
    for round in 0..10_u128 {
        let events = notes(round * 10..round * 10 + 10);
        if round % 3 == 1 {
            cut_connections(&database).await;
        }
        // As a producer does: the same events again until they are acknowledged.
        let mut tries = 0;
        while let Err(error) = store.append(&run, events.clone(), at(1)).await {
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            tries += 1;
            assert!(tries < 600, "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let records = log(&store, &run).await;
    assert_dense(&records);
    assert_eq!(records.len(), 101, "each event once, after the start of the run");
    store.close().await;
}

#[tokio::test]
async fn an_address_that_answers_nothing_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let address = "postgres://ada:secret@localhost/runs?host=/no/such/folder";
    let refused = opened(address, &folder).await.err().unwrap().to_string();
    assert!(refused.contains("postgres://ada@localhost/runs cannot be reached"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}
