//! Has the linker say where the module names addresses of data, which `cargo xtask split` needs to know.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // The page is what is split, and alone is compiled for size.
    if is("CARGO_CFG_TARGET_FAMILY", "wasm") && is("OPT_LEVEL", "z") {
        println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    }
}
