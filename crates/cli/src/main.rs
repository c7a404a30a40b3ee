//! The playground in a terminal.

fn main() {}
