//! A bucket as a place for archives.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use gauntlet_backup::{Bucket, Sink, Target};
use tokio::runtime::Handle;

use crate::connection::{Connection, connect};
use crate::error::io_error;
use crate::sink::S3Sink;
use crate::source::S3Source;

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3Target(Arc<Connection>);

impl S3Target {
    /// Archives in that bucket. Whether it is there shows at the first request.
    pub async fn connect(bucket: Bucket) -> Self {
        Self::new(connect(&bucket, None).await, bucket)
    }

    /// The same with these credentials.
    pub async fn connect_as(bucket: Bucket, access_key_id: &str, secret_access_key: &str) -> Self {
        let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "given");
        Self::new(connect(&bucket, Some(credentials)).await, bucket)
    }

    fn new(client: Client, bucket: Bucket) -> Self {
        Self(Arc::new(Connection { client, bucket, runtime: Handle::current() }))
    }

    fn key(&self, file: &str) -> io::Result<String> {
        let message = || format!("{file:?} is not the name of an archive");
        self.0.bucket.key(file).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, message()))
    }
}

#[async_trait]
impl Target for S3Target {
    fn label(&self) -> String {
        self.0.bucket.to_string()
    }

    async fn create(&self, file: &str) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(S3Sink::new(Arc::clone(&self.0), self.key(file)?)))
    }

    async fn open(&self, file: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(S3Source::open(Arc::clone(&self.0), self.key(file)?).await?))
    }

    async fn list(&self) -> io::Result<Vec<String>> {
        let Connection { client, bucket, .. } = &*self.0;
        let request = client.list_objects_v2().bucket(&bucket.name).prefix(bucket.start(None));
        let mut pages = request.into_paginator().send();
        let mut files = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(io_error)?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            files.extend(keys.filter_map(|key| bucket.file(key)).map(str::to_owned));
        }
        Ok(files)
    }

    async fn delete(&self, file: &str) -> io::Result<()> {
        let request = self.0.client.delete_object().bucket(&self.0.bucket.name).key(self.key(file)?);
        match request.send().await.map_err(io_error) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn delete_unfinished(&self, name: &str, age: Duration) -> io::Result<u64> {
        let Connection { client, bucket, .. } = &*self.0;
        let request = client.list_multipart_uploads().bucket(&bucket.name).prefix(bucket.start(Some(name)));
        // Those beyond the first thousand are found by the next backup.
        let found = request.send().await.map_err(io_error)?;
        let mut deleted = 0;
        for upload in found.uploads() {
            let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
            let begun = upload.initiated().map(|begun| begun.secs());
            if bucket.file(key).is_some() && is_forgotten(begun, SystemTime::now(), age) {
                let request = client.abort_multipart_upload().bucket(&bucket.name).key(key).upload_id(id);
                request.send().await.map_err(io_error)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}

/// Whether an upload that began at that second is of that age; one without a time, or of the future, is new.
fn is_forgotten(begun: Option<i64>, now: SystemTime, age: Duration) -> bool {
    let begun = begun.and_then(|begun| u64::try_from(begun).ok()).map(Duration::from_secs);
    let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    begun.and_then(|begun| since_1970.checked_sub(begun)).is_some_and(|passed| passed >= age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_forgotten_once_it_is_of_that_age() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let is_old = |begun: Option<i64>| is_forgotten(begun, now, Duration::from_secs(3600));
        assert!(is_old(Some(6400)) && is_old(Some(0)));
        assert!(!is_old(Some(6401)) && !is_old(Some(20_000)) && !is_old(None) && !is_old(Some(-5)));
    }
}
