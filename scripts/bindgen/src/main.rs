//! Writes the JavaScript around the page's wasm, as the `wasm-bindgen` command does for `--target web`. That
//! command brings a web server, a WebDriver client and TLS for its tests, which take three quarters of its
//! compile time.
//!
//! Usage: `gauntlet-bindgen NAME.wasm FOLDER`; writes `NAME.js` and `NAME_bg.wasm` into the folder.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, folder] = arguments.as_slice() else { bail!("usage: gauntlet-bindgen NAME.wasm FOLDER") };
    let name = Path::new(input).file_stem().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{input} is not the name of a file"))?;
    let mut bindgen = Bindgen::new();
    // The page loads the wasm from the address of its script, which is the default that is omitted otherwise.
    bindgen.input_path(input).out_name(name).typescript(false).omit_default_module_path(false).web(true)?;
    bindgen.generate(folder).with_context(|| format!("{input} could not be bound"))
}
