//! The PostgreSQL store keeps every promise of the conformance suite.

mod conformance;
mod postgres_server;

use conformance::{Backend, Fresh};
use gauntlet_store::{Options, Store, StoreError};

struct Postgres;

impl Backend for Postgres {
    async fn open(&self, options: Options) -> Result<Store, StoreError> {
        Store::open(options).await
    }

    async fn empty(&self, tune: impl FnOnce(&mut Options) + Send) -> Fresh {
        let directory = tempfile::tempdir().unwrap();
        let database = Some(postgres_server::database().await.parse().unwrap());
        let mut options = Options { database, ..Options::new(directory.path()) };
        tune(&mut options);
        let store = self.open(options.clone()).await.unwrap();
        Fresh { store, options, _guard: Box::new(directory) }
    }
}

conformance::suite!(Postgres);
