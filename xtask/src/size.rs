//! `size`: what the page loads, raw, gzip and brotli, against the budgets of the design.

use std::path::Path;

use crate::shell::{Outcome, command, known, read, root};

/// Everything the page loads before the editor, compressed with gzip.
const PAGE_BUDGET: u64 = 830_000;

/// What the page is meant to weigh.
const PAGE_TARGET: u64 = 700_000;

/// The loader of an embedded page, before the reader touches it.
const EMBED_BUDGET: u64 = 6_000;

pub(crate) fn run(arguments: &[String]) -> Outcome {
    known(arguments, &[])?;
    report()
}

/// One file of the site.
struct File {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
    /// Fetched only when the reader asks for it, so outside the budget.
    lazy: bool,
}

/// Prints the table; more than a budget is an error.
pub(crate) fn report() -> Outcome {
    let dist = root().join("dist");
    if !dist.join("index.html").is_file() {
        return Err(
            "dist/index.html is missing; run `cargo xtask build --release` first".to_owned()
        );
    }
    let mut files = measure(&dist)?;
    files.sort_by(|a, b| (a.lazy, b.gzip, &a.name).cmp(&(b.lazy, a.gzip, &b.name)));
    println!("{:>10} {:>10} {:>10}", "raw", "gzip", "brotli");
    for file in &files {
        let note = if file.lazy { "  (on demand)" } else { "" };
        println!("{:>10} {:>10} {:>10}  {}{note}", file.raw, file.gzip, file.brotli, file.name);
    }
    let loaded = || files.iter().filter(|file| !file.lazy);
    let gzip: u64 = loaded().map(|file| file.gzip).sum();
    let raw: u64 = loaded().map(|file| file.raw).sum();
    let brotli: u64 = loaded().map(|file| file.brotli).sum();
    println!("{raw:>10} {gzip:>10} {brotli:>10}  the page, before the editor");
    println!("budget {PAGE_BUDGET}, target {PAGE_TARGET} (gzip)");
    if gzip > PAGE_BUDGET {
        return Err(format!(
            "the page weighs {gzip} bytes of gzip before the editor; its budget is {PAGE_BUDGET}"
        ));
    }
    if let Some(embed) =
        files.iter().find(|file| file.name == "embed.js" && file.gzip > EMBED_BUDGET)
    {
        return Err(format!(
            "embed.js weighs {} bytes of gzip; its budget is {EMBED_BUDGET}",
            embed.gzip
        ));
    }
    Ok(())
}

/// Node has both compressors at their highest levels, so none is compiled here.
fn measure(dist: &Path) -> Outcome<Vec<File>> {
    let table = read(command("node").arg(root().join("xtask/npm/size.mjs")).arg(dist))
        .ok_or("xtask/npm/size.mjs could not measure dist/ (is Node 20 or newer installed?)")?;
    table.lines().map(|line| parse(line).ok_or(format!("not a measurement: {line}"))).collect()
}

/// `RAW GZIP BROTLI now|lazy NAME`, one line of `size.mjs`.
fn parse(line: &str) -> Option<File> {
    let mut words = line.splitn(5, ' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (raw, gzip, brotli) = (number()?, number()?, number()?);
    let lazy = words.next()? == "lazy";
    Some(File { name: words.next()?.to_owned(), raw, gzip, brotli, lazy })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn measurements_are_read() {
        let file = parse("10 7 6 lazy editor.js").unwrap();
        assert_eq!((file.raw, file.gzip, file.brotli, file.lazy), (10, 7, 6, true));
        assert_eq!(file.name, "editor.js");
        assert!(parse("10 7 now index.html").is_none());
    }
}
