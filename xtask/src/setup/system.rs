//! The operating system's own packages: installed where that is Debian's `apt-get`, else named in a message.

use std::sync::Once;

use crate::shell::{Outcome, command, find, read, run};

/// How to get something on each system; Debian's packages are installed, the rest is told.
pub(super) struct Packages {
    /// Names for `apt-get install`.
    pub(super) debian: &'static [&'static str],
    /// What to type on a Linux without `apt-get`.
    pub(super) linux: &'static str,
    pub(super) macos: &'static str,
    pub(super) windows: &'static str,
}

impl Packages {
    pub(super) fn install(&self) -> Outcome {
        if cfg!(target_os = "linux") && find(["apt-get"]).is_some() {
            return apt(self.debian);
        }
        let how = if cfg!(target_os = "macos") {
            self.macos
        } else if cfg!(windows) {
            self.windows
        } else {
            self.linux
        };
        Err(format!("get it with: {how}"))
    }
}

/// Whether this process may install packages without asking.
fn is_root() -> bool {
    read(command("id").arg("-u")).as_deref() == Some("0")
}

fn apt(packages: &[&str]) -> Outcome {
    static UPDATE: Once = Once::new();
    let sudo = !is_root();
    let wanted = format!("sudo apt-get install --yes {}", packages.join(" "));
    let may = !sudo || read(command("sudo").args(["--non-interactive", "true"])).is_some();
    if !may {
        return Err(format!("get it with: {wanted}"));
    }
    let apt_get = |arguments: &[&str]| {
        let mut apt_get = command(if sudo { "sudo" } else { "apt-get" });
        if sudo {
            apt_get.args(["--non-interactive", "apt-get"]);
        }
        run(apt_get.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    UPDATE.call_once(|| {
        // A list that is a little old may still serve, so a failure here is left to the installation to tell.
        if let Err(message) = apt_get(&["update", "--quiet", "--quiet"]) {
            println!("     {message}");
        }
    });
    let mut arguments = vec!["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments).map_err(|message| format!("{message}; by hand: {wanted}"))
}
