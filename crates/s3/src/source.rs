//! Reading an object from its beginning to its end, however often the connection breaks.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Buf, Bytes};

use crate::connection::Connection;
use crate::error::io_error;

/// How often in a row it is begun again without one more byte.
const TRIES: u32 = 5;
/// How long the next bytes may take.
const NEXT: Duration = Duration::from_secs(60);
/// The wait before a second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) struct S3Source {
    target: Arc<Connection>,
    key: String,
    /// What is read stays the same object.
    etag: Option<String>,
    size: u64,
    /// Bytes that have come.
    position: u64,
    body: Option<ByteStream>,
    chunk: Bytes,
    failures: u32,
}

impl S3Source {
    pub(crate) async fn open(target: Arc<Connection>, key: String) -> io::Result<Self> {
        let request = target.client.get_object().bucket(&target.bucket.name).key(&key);
        let answer = request.send().await.map_err(io_error)?;
        let size = answer.content_length().and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| io::Error::other("the server does not say how large the object is"))?;
        let etag = answer.e_tag().map(str::to_owned);
        let (chunk, body) = (Bytes::new(), Some(answer.body));
        Ok(Self { target, key, etag, size, position: 0, body, chunk, failures: 0 })
    }

    /// The next bytes; never none.
    async fn next(&mut self) -> io::Result<Bytes> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let request = self.target.client.get_object().bucket(&self.target.bucket.name);
                let request = request.key(&self.key).range(format!("bytes={}-", self.position));
                let answer = request.set_if_match(self.etag.clone()).send().await.map_err(io_error)?;
                self.body.insert(answer.body)
            }
        };
        match tokio::time::timeout(NEXT, body.next()).await {
            Ok(Some(Ok(bytes))) if !bytes.is_empty() => Ok(bytes),
            Ok(Some(Ok(_))) => Err(io::Error::other("the server sends nothing")),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Ok(None) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended early")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the server sends nothing any more")),
        }
    }

    /// The next bytes, of another connection where one breaks.
    async fn next_of_any(&mut self) -> io::Result<Bytes> {
        loop {
            match self.next().await {
                Ok(bytes) => {
                    self.failures = 0;
                    self.position += bytes.len() as u64;
                    return Ok(bytes);
                }
                Err(error) => {
                    self.body = None;
                    self.failures += 1;
                    if self.failures >= TRIES || error.kind() == io::ErrorKind::NotFound {
                        return Err(error);
                    }
                    tokio::time::sleep(PAUSE * 2_u32.pow(self.failures - 1)).await;
                }
            }
        }
    }
}

impl Read for S3Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.position < self.size && !into.is_empty() {
            let runtime = self.target.runtime.clone();
            self.chunk = runtime.block_on(self.next_of_any())?;
        }
        let count = self.chunk.len().min(into.len());
        self.chunk.split_to(count).copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}
