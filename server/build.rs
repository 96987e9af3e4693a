//! Builds the browser side's files (`GAUNTLET_SITE_DIR`, made by `scripts/build.sh`) into the binary. Without
//! the variable nothing is built in, and the server reads a folder at run time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=GAUNTLET_SITE_DIR");
    let mut table =
        String::from("/// Name and content of each file built in.\nstatic BUILT_IN: &[(&str, &[u8])] = &[\n");
    if let Some(site) = env::var_os("GAUNTLET_SITE_DIR").map(PathBuf::from) {
        println!("cargo::rerun-if-changed={}", site.display());
        for file in files(&site)? {
            let name =
                file.strip_prefix(&site).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
            let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
        }
    }
    table.push_str("];\n");
    let out =
        env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(out.join("site.rs"), table)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
