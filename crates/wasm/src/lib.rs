//! The playground as a WebAssembly module.
