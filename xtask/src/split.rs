//! `split`: cuts the core's WebAssembly in two, what the page needs at once and what is fetched when a script
//! first needs it. Trunk calls it when it has built the optimised page.
//!
//! What is needed at once is measured: `web/rehearse.mjs` plays the page's first minute to the built core, and
//! every function that runs stays in the first part.

mod module;
mod write;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Outcome, command, read, root};
use module::Module;

/// The core as trunk names it in `dist/`.
const CORE: &str = "vidro-wasm_bg.wasm";
const GLUE: &str = "vidro-wasm.js";
/// What is fetched later; `web/rest.js` knows the name.
const REST: &str = "vidro-wasm_rest.wasm";

/// A statement of wasm-bindgen's script, and what it has to be once there is a second part.
const IMPORTS: [&str; 2] =
    ["const imports = __wbg_get_imports();", "const imports = { ...__wbg_get_imports(), rest };"];

pub(crate) fn run(_: &[String]) -> Outcome {
    // Trunk tells its hooks what it builds and where; a page built for debugging stays whole.
    if std::env::var("TRUNK_PROFILE").is_ok_and(|profile| profile != "release") {
        return Ok(());
    }
    let dist =
        std::env::var_os("TRUNK_STAGING_DIR").map_or_else(|| root().join("dist"), PathBuf::from);
    let bytes = fs::read(dist.join(CORE)).map_err(text)?;
    let module = Module::parse(&bytes)?;
    let used = rehearse(&dist, &module)?;
    let split = write::split(&module, &used)?;
    let glue = fs::read_to_string(dist.join(GLUE)).map_err(text)?;
    if !glue.contains(IMPORTS[0]) {
        return Err(format!("wasm-bindgen no longer writes `{}`", IMPORTS[0]));
    }
    let glue =
        format!("import * as rest from \"./rest.js\";\n{}", glue.replace(IMPORTS[0], IMPORTS[1]));
    println!(
        "{} of {} functions stay in {CORE}: {} bytes, {REST} has {}",
        used.len(),
        module.bodies.len(),
        split.first.len(),
        split.rest.len()
    );
    fs::write(dist.join(GLUE), glue).map_err(text)?;
    fs::write(dist.join(CORE), split.first).map_err(text)?;
    fs::write(dist.join(REST), split.rest).map_err(text)
}

/// The functions that run in the page's first minute.
fn rehearse(dist: &Path, module: &Module<'_>) -> Outcome<BTreeSet<u32>> {
    let stage = std::env::temp_dir().join(format!("vidro-rehearsal-{}", std::process::id()));
    fs::create_dir_all(&stage).map_err(text)?;
    fs::copy(dist.join(GLUE), stage.join("core.mjs")).map_err(text)?;
    fs::write(stage.join("core.wasm"), write::instrumented(module)?).map_err(text)?;
    let told = read(command("node").arg(root().join("web/rehearse.mjs")).arg(&stage));
    fs::remove_dir_all(&stage).map_err(text)?;
    let told = told.ok_or("web/rehearse.mjs failed (run it by hand to see why)")?;
    let used: BTreeSet<u32> =
        told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if used.is_empty() { Err("nothing ran in the rehearsal".to_owned()) } else { Ok(used) }
}

/// An error of a library as a message.
fn text(error: impl Display) -> String {
    error.to_string()
}
