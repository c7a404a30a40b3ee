//! Runs a Python file and prints what it prints: for trying things out.

use vidro_python::{Vm, run_to_string};

fn main() {
    let mut vm = Vm::default();
    for path in std::env::args().skip(1) {
        #[expect(clippy::disallowed_methods, reason = "a tool for the terminal")]
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        #[expect(clippy::print_stdout, reason = "a tool for the terminal")]
        {
            print!("{}", run_to_string(&mut vm, &text));
        }
    }
}
