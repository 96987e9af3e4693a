//! The places that backups can go to, opened.

use std::sync::Arc;

use gauntlet_backup::{FolderTarget, Place, Target};

/// Opens a place. Whether it can be read and written shows at its first use.
///
/// # Errors
///
/// Where this program was built without what it needs.
pub async fn open_place(place: &Place) -> Result<Arc<dyn Target>, String> {
    match place {
        Place::Folder(folder) => Ok(Arc::new(FolderTarget::new(folder))),
        #[cfg(feature = "s3")]
        Place::S3(bucket) => Ok(Arc::new(gauntlet_s3::S3Target::connect(bucket.clone()).await)),
        #[cfg(not(feature = "s3"))]
        Place::S3(bucket) => Err(format!(
            "{bucket}: this program was built without S3; \
             `cargo build -p gauntlet-cli --features s3` builds one that has it"
        )),
    }
}
