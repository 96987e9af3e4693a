//! What a server refused, in the words of it.

use std::error::Error;
use std::io;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The error of a request as one of input and output.
pub(crate) fn io_error<E, R>(error: SdkError<E, R>) -> io::Error
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let kind = match (&error, error.code()) {
        (_, Some("NoSuchKey" | "NotFound" | "NoSuchUpload")) => io::ErrorKind::NotFound,
        (_, Some("AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch")) => {
            io::ErrorKind::PermissionDenied
        }
        (SdkError::TimeoutError(_), _) => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, words(&error))
}

/// What the server said; where it said nothing, every cause, the last of which is the one that helps.
fn words<E: Error + ProvideErrorMetadata + 'static>(error: &E) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("the server answers {code}: {message}"),
        (Some(code), None) => return format!("the server answers {code}"),
        _ => {}
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.ends_with(&next) {
            words = format!("{words}: {next}");
        }
        cause = error.source();
    }
    words
}
