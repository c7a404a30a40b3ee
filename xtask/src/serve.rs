//! `serve`: the page on localhost, built anew and reloaded whenever a file changes.

use crate::build::trunk;
use crate::shell::{Outcome, run as run_command};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut port = 8080_u16;
    let mut release = false;
    let mut open = std::env::var_os("CI").is_none();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--port" => {
                let number = rest.next().and_then(|text| text.parse().ok());
                port = number.ok_or("--port wants a number, as in --port 8080")?;
            }
            "--release" => release = true,
            "--no-open" => open = false,
            other => {
                return Err(format!(
                    "does not know {other}; it takes --port N, --release and --no-open"
                ));
            }
        }
    }
    crate::setup::ensure_for_page()?;
    let mut serve = trunk("serve");
    serve.args(["--address", "127.0.0.1", "--port", &port.to_string()]);
    if release {
        serve.arg("--release");
    }
    if open {
        serve.arg("--open");
    }
    println!("\nThe page will be at http://127.0.0.1:{port}/ once it is built; Ctrl-C ends it.\n");
    run_command(&mut serve)
}
