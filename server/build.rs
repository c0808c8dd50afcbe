//! Keeps the embedded page fresh: the program is rebuilt when a file of `dist/` comes or goes.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    // The folder must exist before it is watched and embedded; empty means "not built yet".
    let dist = Path::new("../dist");
    fs::create_dir_all(dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    Ok(())
}
