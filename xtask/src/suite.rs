//! `suite`: the literate suite's expectations, recorded from real SQLAlchemy.

use std::path::PathBuf;

use crate::shell::{Outcome, command, find, root, run as run_command, target_dir};

/// The release line whose behaviour the suite records.
const SQLALCHEMY: &str = "sqlalchemy==2.1.*";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let python = python()?;
    run_command(command(python).arg(root().join("tests/record.py")).args(arguments))
}

/// A Python that has SQLAlchemy: `VIDRO_ORACLE`, or a virtual environment made once under the target directory.
pub(crate) fn python() -> Outcome<PathBuf> {
    if let Some(given) = std::env::var_os("VIDRO_ORACLE") {
        return Ok(PathBuf::from(given));
    }
    let folder = target_dir().join("oracle");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.is_file() {
        let host = find(["python3", "python"])
            .ok_or("Python 3.10 or newer is needed to record the suite, and none is on the PATH")?;
        run_command(command(host).args(["-m", "venv"]).arg(&folder))?;
        run_command(command(&python).args(["-m", "pip", "install", "--quiet", SQLALCHEMY]))?;
    }
    Ok(python)
}
