//! `build`: the static site in `dist/`, which works from any folder of any static host.

use std::process::Command;

use crate::shell::{Outcome, for_browser, known, run as run_command};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &["--release"])?;
    crate::setup::ensure_for_page()?;
    if arguments.is_empty() {
        let mut build = trunk("build");
        return run_command(build.args(["--public-url", "./"]));
    }
    run_command(&mut release())?;
    crate::size::report()
}

/// The command that builds the optimised site.
pub(crate) fn release() -> Command {
    let mut build = trunk("build");
    build.args(["--release", "--locked", "--public-url", "./"]);
    build
}

/// Trunk with the tools that `setup` installed, none of its own downloads, and no question asked of a server.
pub(crate) fn trunk(command: &str) -> Command {
    let mut trunk = for_browser("trunk");
    // Trunk reads NO_COLOR as a boolean and refuses the customary `1`.
    trunk
        .arg(command)
        .arg("--offline")
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        .env_remove("NO_COLOR");
    trunk
}
