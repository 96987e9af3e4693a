//! Writing an object: in parts, of which one goes up while the next one is filled. A small one is one
//! request.

use std::io::{self, Write};
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gauntlet_backup::Sink;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::error::io_error;

/// Bytes of a part. Two of them are in memory.
const PART: usize = 16 << 20;
/// Bytes of a part of an archive of more than 80 GB: there may be 10,000 parts.
const LARGE_PART: usize = 128 << 20;
/// From which part on they are large.
const LARGE_FROM: usize = 5000;

pub(crate) struct S3Sink {
    target: Arc<Connection>,
    key: String,
    /// The part that is being filled.
    buffer: Vec<u8>,
    bytes: u64,
    /// Absent until there is more than one part.
    upload: Option<Upload>,
}

/// An upload in parts.
struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
    /// SHA-256 of each part, one after the other.
    hashes: Vec<u8>,
    /// The part that goes up.
    sending: Option<JoinHandle<io::Result<CompletedPart>>>,
}

impl S3Sink {
    pub(crate) fn new(target: Arc<Connection>, key: String) -> Self {
        Self { target, key, buffer: Vec::new(), bytes: 0, upload: None }
    }

    /// Bytes of the part that is being filled, at most.
    fn room(&self) -> usize {
        match &self.upload {
            Some(upload) if upload.hashes.len() / 32 >= LARGE_FROM => LARGE_PART,
            _ => PART,
        }
    }

    /// Sends what is in the buffer as a part, once the one before it has arrived.
    async fn send_part(&mut self) -> io::Result<()> {
        if self.upload.is_none() {
            let request = self.target.client.create_multipart_upload();
            let request = request.bucket(&self.target.bucket.name).key(&self.key);
            let begun = request.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await;
            let id = begun.map_err(io_error)?.upload_id.unwrap_or_default();
            self.upload = Some(Upload { id, parts: Vec::new(), hashes: Vec::new(), sending: None });
        }
        let Some(upload) = &mut self.upload else { return Ok(()) };
        upload.wait().await?;
        let part = std::mem::take(&mut self.buffer);
        let hash = Sha256::digest(&part);
        upload.hashes.extend_from_slice(&hash);
        let number = i32::try_from(upload.hashes.len() / 32).unwrap_or(i32::MAX);
        let request = self.target.client.upload_part().bucket(&self.target.bucket.name).key(&self.key);
        let request = request
            .upload_id(&upload.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(STANDARD.encode(hash))
            .body(ByteStream::from(part));
        let checksum = STANDARD.encode(hash);
        upload.sending = Some(self.target.runtime.spawn(async move {
            let sent = request.send().await.map_err(io_error)?;
            compare(sent.checksum_sha256(), &checksum)?;
            let part = CompletedPart::builder().part_number(number).checksum_sha256(checksum);
            Ok(part.set_e_tag(sent.e_tag).build())
        }));
        Ok(())
    }

    /// Ends the object and asks what the server has.
    async fn complete(&mut self) -> io::Result<()> {
        if self.upload.is_none() {
            return self.put().await;
        }
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        let Some(upload) = &mut self.upload else { return Ok(()) };
        upload.wait().await?;
        let checksum = STANDARD.encode(Sha256::digest(&upload.hashes));
        let parts = CompletedMultipartUpload::builder().set_parts(Some(upload.parts.clone())).build();
        let request = self.target.client.complete_multipart_upload();
        let request = request.bucket(&self.target.bucket.name).key(&self.key).upload_id(&upload.id);
        let completed = request.multipart_upload(parts).send().await.map_err(io_error);
        // Where the answer was lost, a second try finds that there is no such upload any more.
        if let Err(error) = completed
            && self.check(&checksum).await.is_err()
        {
            return Err(error);
        }
        self.upload = None;
        self.check_or_delete(&checksum).await
    }

    /// Sends what is in the buffer as the whole object.
    async fn put(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        let checksum = STANDARD.encode(Sha256::digest(&bytes));
        let request = self.target.client.put_object().bucket(&self.target.bucket.name).key(&self.key);
        let request = request
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(&checksum)
            .body(ByteStream::from(bytes));
        request.send().await.map_err(io_error)?;
        self.check_or_delete(&checksum).await
    }

    async fn check_or_delete(&self, checksum: &str) -> io::Result<()> {
        let checked = self.check(checksum).await;
        if checked.is_err() {
            let request = self.target.client.delete_object().bucket(&self.target.bucket.name);
            let _ = request.key(&self.key).send().await;
        }
        checked
    }

    /// Compares the size and the checksum that the server has with what was sent. A server without checksums
    /// has said of none of them that it is another one.
    async fn check(&self, checksum: &str) -> io::Result<()> {
        let request = self.target.client.head_object().bucket(&self.target.bucket.name).key(&self.key);
        let found = request.checksum_mode(ChecksumMode::Enabled).send().await.map_err(io_error)?;
        let size = found.content_length().unwrap_or_default();
        if u64::try_from(size) != Ok(self.bytes) {
            return Err(io::Error::other(format!("the server has {size} of {} bytes", self.bytes)));
        }
        compare(found.checksum_sha256(), checksum)
    }
}

/// Compares a checksum that a server reports, with the number of parts or without.
fn compare(reported: Option<&str>, sent: &str) -> io::Result<()> {
    let Some(reported) = reported else { return Ok(()) };
    match reported.split_once('-').map_or(reported, |(checksum, _)| checksum) == sent {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "the server reports the SHA-256 {reported} of what was sent with {sent}"
        ))),
    }
}

impl Upload {
    /// Waits until the part that goes up has arrived.
    async fn wait(&mut self) -> io::Result<()> {
        let Some(sending) = &mut self.sending else { return Ok(()) };
        let sent = sending.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        self.sending = None;
        self.parts.push(sent?);
        Ok(())
    }
}

impl Write for S3Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room();
        if self.buffer.len() >= room {
            let runtime = self.target.runtime.clone();
            runtime.block_on(self.send_part())?;
            self.buffer.reserve_exact(self.room());
        }
        let count = bytes.len().min(self.room() - self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for S3Sink {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let runtime = self.target.runtime.clone();
        runtime.block_on(self.complete())
    }
}

impl Drop for S3Sink {
    /// Gives up what is not complete. Where that fails, or the process ends first, a later backup does it.
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        if let Some(sending) = &upload.sending {
            sending.abort();
        }
        let request = self.target.client.abort_multipart_upload().bucket(&self.target.bucket.name);
        let request = request.key(&self.key).upload_id(upload.id);
        self.target.runtime.spawn(async move { drop(request.send().await) });
    }
}
