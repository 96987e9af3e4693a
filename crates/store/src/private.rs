//! Files and folders that only their owner may read, whatever the process was started with.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder and those above it, where they are missing.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file, or empties the one that is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    options().create(true).truncate(true).open(path)
}

/// Makes a file where there is none; one that is there stays as it is.
pub fn touch(path: &Path) -> io::Result<File> {
    options().create(true).truncate(false).open(path)
}

/// Writes a small file, whole or not at all after a kill of the process.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path)?.write_all(bytes)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes the rights of others from a data folder of earlier versions and from the files in it. A folder that
/// others share (`/tmp`) is left alone: its files alone are made private.
#[cfg(unix)]
pub(crate) fn restrict(data: &Path) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    const STICKY: u32 = 0o1000;
    let about = std::fs::metadata(data)?.permissions().mode();
    if about & STICKY == 0 && about & 0o077 != 0 && data.join("gauntlet.db").exists() {
        std::fs::set_permissions(data, Permissions::from_mode(0o700))?;
    }
    for entry in std::fs::read_dir(data)?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = ["gauntlet.db", "search.db", "gauntlet.lock"].iter().any(|ours| name.starts_with(ours));
        let is_folder = ["artifacts", "imports", "exports"].contains(&&*name);
        let mode = if is_folder { 0o700 } else { 0o600 };
        if (is_ours || is_folder) && entry.metadata()?.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// Other systems have no such rights.
#[cfg(not(unix))]
pub(crate) fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Tells one file from another of the same name.
#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let about = std::fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

/// Other systems keep an open file where it is.
#[cfg(not(unix))]
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|_| (0, 0))
}
