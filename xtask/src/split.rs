//! `split`: cuts the core's WebAssembly in two, what the page needs at once and what is fetched when a script
//! first needs it. Trunk calls it when it has built the optimised page.
//!
//! What is needed at once is measured: `web/rehearse.mjs` plays the page's first minute to the built core, and
//! every piece of a function that runs stays in the first part, with the data that it names.

mod body;
mod cut;
mod data;
mod module;
mod parts;
#[cfg(test)]
mod tests;
mod write;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Outcome, command, read, root, run as run_command};
use body::Body;
use module::Module;

/// The core as trunk names it in `dist/`.
const CORE: &str = "vidro-wasm_bg.wasm";
const GLUE: &str = "vidro-wasm.js";
/// What is fetched later; `web/rest.js` knows the name.
const REST: &str = "vidro-wasm_rest.wasm";

/// How both parts are optimised: for size, within what browsers have known for years.
const OPTIMISE: [&str; 8] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

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
    let bodies: Vec<Body<'_>> = (module.imported..)
        .zip(&module.bodies)
        .map(|(function, body)| Body::parse(&module, function, body))
        .collect::<Result<_, _>>()?;
    let ran = rehearse(&dist, &module, &bodies)?;
    let split = parts::split(&module, &bodies, &ran)?;
    let glue = fs::read_to_string(dist.join(GLUE)).map_err(text)?;
    if !glue.contains(IMPORTS[0]) {
        return Err(format!("wasm-bindgen no longer writes `{}`", IMPORTS[0]));
    }
    let glue =
        format!("import * as rest from \"./rest.js\";\n{}", glue.replace(IMPORTS[0], IMPORTS[1]));
    fs::write(dist.join(GLUE), glue).map_err(text)?;
    let pieces = ran.iter().filter(|ran| **ran).count();
    println!("{pieces} of {} pieces stay in {CORE}, the others go to {REST}", ran.len());
    std::thread::scope(|both| {
        let rest = both.spawn(|| optimised(&dist.join(REST), &split.rest));
        optimised(&dist.join(CORE), &split.first)?;
        rest.join().map_err(|_| "wasm-opt was interrupted".to_owned())?
    })
}

/// Writes a module as `wasm-opt` makes it.
fn optimised(path: &Path, module: &[u8]) -> Outcome {
    fs::write(path, module).map_err(text)?;
    run_command(command("wasm-opt").args(OPTIMISE).arg(path).arg("-o").arg(path))
}

/// The pieces that run in the page's first minute.
fn rehearse(dist: &Path, module: &Module<'_>, bodies: &[Body<'_>]) -> Outcome<Vec<bool>> {
    let stage = std::env::temp_dir().join(format!("vidro-rehearsal-{}", std::process::id()));
    fs::create_dir_all(&stage).map_err(text)?;
    fs::copy(dist.join(GLUE), stage.join("core.mjs")).map_err(text)?;
    let instrumented = write::instrumented(module, bodies)?;
    fs::write(stage.join("core.wasm"), instrumented.bytes).map_err(text)?;
    let played = read(command("node").arg(root().join("web/rehearse.mjs")).arg(&stage));
    let memory = fs::read(stage.join("memory"));
    fs::remove_dir_all(&stage).map_err(text)?;
    played.ok_or("web/rehearse.mjs failed (run it by hand to see why)")?;
    let memory = memory.map_err(text)?;
    let marks = usize::try_from(instrumented.marks).map_err(text)?;
    let pieces: usize = bodies.iter().map(|body| body.pieces.len()).sum();
    let ran = memory.get(marks..marks + pieces).ok_or("the rehearsal left too little memory")?;
    Ok(ran.iter().map(|mark| *mark != 0).collect())
}

/// An error of a library as a message.
fn text(error: impl Display) -> String {
    error.to_string()
}
