//! The repository's rules that no compiler checks: who may know whom, what a source file looks like, what the documents say.
#![expect(clippy::disallowed_methods, reason = "the test reads the repository's files")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates of ours whose tests may use a real database although the crates themselves know none.
const TESTED_ON_SQLITE: [&str; 3] = ["orm", "script", "playground"];

/// Which of our packages may depend on a crate that has one owner; `tests` and `xtask` may on any.
const OWNERS: [(&str, &str); 5] = [
    ("rusqlite", "sqlite"),
    ("sqlite-wasm-rs", "sqlite"),
    ("libsqlite3-sys", "sqlite"),
    ("ruff_", "python"),
    ("leptos", "web"),
];

const LONGEST_FILE: usize = 800;

/// Text that no Rust file holds, and why. Assembled so that this file does not hold it either.
const FORBIDDEN_CODE: [(&str, &str); 8] = [
    (concat!("todo", "!("), "finish it or file an issue"),
    (concat!("unimplemented", "!("), "finish it or return an error"),
    (concat!("#[", "ignore"), "a test that does not run is not a test"),
    (concat!("#[", "allow("), "use #[expect(…, reason = \"…\")]"),
    (concat!("#![", "allow("), "use #![expect(…, reason = \"…\")]"),
    (concat!("#[", "should_panic"), "errors are values"),
    (concat!("fn ", "test_"), "the attribute says that it is a test"),
    (concat!("dbg", "!("), "left over from debugging"),
];

/// Paths of somebody's machine, which no file of the repository holds.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];

/// Folders and endings of what a command makes and nobody commits.
const GENERATED: [&str; 10] = [
    "target/",
    "dist/",
    "node_modules/",
    "pkg/",
    "__pycache__/",
    "test-results/",
    ".wasm",
    ".profraw",
    ".pyc",
    ".DS_Store",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Every file that is committed or could be, as paths from the root.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let present = text.lines().filter(|file| root().join(file).is_file());
    let names: BTreeSet<String> = present.map(ToOwned::to_owned).collect();
    names.into_iter().collect()
}

fn rust_files() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Fails with all complaints at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// One of our packages: the name that the documents use, and what it depends on.
struct Package {
    name: String,
    folder: String,
    description: String,
    normal: BTreeSet<String>,
    development: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let dependencies = |development: bool| {
        let all = value["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| (dependency["kind"] == "dev") == development)
            .map(|dependency| short(dependency["name"].as_str().unwrap()))
            .collect()
    };
    let manifest = Path::new(value["manifest_path"].as_str().unwrap());
    let folder = manifest.parent().unwrap().strip_prefix(root()).unwrap();
    Package {
        name: short(value["name"].as_str().unwrap()),
        folder: folder.to_string_lossy().replace('\\', "/"),
        description: value["description"].as_str().unwrap_or_default().to_owned(),
        normal: dependencies(false),
        development: dependencies(true),
    }
}

fn short(name: &str) -> String {
    name.strip_prefix("vidro-").unwrap_or(name).to_owned()
}

/// The table of ARCHITECTURE.md: lines `crate -> crate, crate` between its two markers; `any` is every crate.
fn allowed_edges() -> BTreeMap<String, BTreeSet<String>> {
    let document = text("ARCHITECTURE.md");
    let (_, table, _) = marked(&document, "edges");
    let lines = table.lines().filter_map(|line| line.split_once("->"));
    lines
        .map(|(from, to)| {
            (from.trim().to_owned(), to.split(',').map(|name| name.trim().to_owned()).collect())
        })
        .collect()
}

/// A document's text before, between and after `<!-- name -->` and `<!-- /name -->`.
fn marked<'a>(document: &'a str, name: &str) -> (&'a str, &'a str, &'a str) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = document.find(&open).unwrap_or_else(|| panic!("{open} is missing")) + open.len();
    let end = document.find(&close).unwrap_or_else(|| panic!("{close} is missing"));
    (&document[..start], &document[start..end], &document[end..])
}

#[test]
fn crates_know_only_whom_they_may() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let allowed = allowed_edges();
    let nothing = BTreeSet::new();
    let mut complaints = Vec::new();
    for package in &packages {
        let may = allowed.get(&package.name).unwrap_or(&nothing);
        if may.contains("any") {
            continue;
        }
        for other in package.normal.iter().filter(|other| ours.contains(other.as_str())) {
            if !may.contains(other) {
                complaints.push(format!("{} may not depend on {other}", package.name));
            }
        }
        for other in package.development.iter().filter(|other| ours.contains(other.as_str())) {
            let tested = other == "sqlite" && TESTED_ON_SQLITE.contains(&package.name.as_str());
            if !may.contains(other) && !tested && other != "browser-test" {
                complaints.push(format!("the tests of {} may not depend on {other}", package.name));
            }
        }
    }
    none(&complaints);
}

#[test]
fn edges_name_crates_that_exist() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut complaints = Vec::new();
    for (from, to) in allowed_edges() {
        for name in std::iter::once(from).chain(to) {
            if name != "any" && !ours.contains(name.as_str()) {
                complaints
                    .push(format!("ARCHITECTURE.md allows edges of {name}, which is no crate"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn foreign_crates_have_one_owner() {
    let mut complaints = Vec::new();
    for package in packages() {
        let free = ["tests", "xtask"].contains(&package.name.as_str());
        for dependency in package.normal.iter().chain(&package.development) {
            let owner = OWNERS.iter().find(|(name, _)| match name.strip_suffix('_') {
                Some(_) => dependency.starts_with(name),
                None => dependency == name,
            });
            if let Some((_, owner)) = owner.filter(|(_, owner)| !free && *owner != package.name) {
                complaints
                    .push(format!("{} depends on {dependency}, which is {owner}'s", package.name));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_protocol_depends_on_serde_alone() {
    let packages = packages();
    let protocol = packages.iter().find(|package| package.name == "protocol").unwrap();
    assert_eq!(protocol.normal, BTreeSet::from(["serde".to_owned()]));
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let mut complaints = Vec::new();
    for file in files().iter().filter(|file| file.ends_with("/Cargo.toml")) {
        let (mut dependencies, mut depth) = (false, 0_i32);
        for line in text(file).lines() {
            if line.starts_with('[') {
                dependencies = line.contains("dependencies");
                depth = 0;
                continue;
            }
            let entry = depth == 0 && line.contains('=');
            if dependencies && entry && !line.contains("workspace = true") {
                complaints.push(format!("{file}: not from [workspace.dependencies]: {line}"));
            }
            let change = |open, close| {
                line.matches(open).count() as i32 - line.matches(close).count() as i32
            };
            depth += change('[', ']') + change('{', '}');
        }
    }
    none(&complaints);
}

#[test]
fn every_rust_file_opens_with_its_purpose() {
    let complaints: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| !text(file).starts_with("//! "))
        .map(|file| format!("{file} does not open with `//! ` and a sentence"))
        .collect();
    none(&complaints);
}

#[test]
fn no_rust_file_is_too_long() {
    let complaints: Vec<String> = rust_files()
        .into_iter()
        .map(|file| (text(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{file} has {lines} lines; the limit is {LONGEST_FILE}"))
        .collect();
    none(&complaints);
}

#[test]
fn no_rust_file_holds_what_is_forbidden() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for (number, line) in text(&file).lines().enumerate() {
            for (forbidden, reason) in FORBIDDEN_CODE {
                if line.contains(forbidden) {
                    complaints.push(format!("{file}:{}: {forbidden} … {reason}", number + 1));
                }
            }
        }
    }
    none(&complaints);
}

#[test]
fn no_file_names_a_machine() {
    let mut complaints = Vec::new();
    for file in files() {
        let Ok(content) = std::fs::read_to_string(root().join(&file)) else { continue };
        for path in MACHINE_PATHS {
            if content.contains(path) {
                complaints.push(format!("{file} holds {path}"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn nothing_generated_is_committed() {
    let made = |file: &String| {
        GENERATED.iter().any(|part| match part.strip_suffix('/') {
            Some(folder) => file.split('/').rev().skip(1).any(|name| name == folder),
            None => file.ends_with(part),
        })
    };
    let complaints: Vec<String> = files().into_iter().filter(made).collect();
    none(&complaints);
}

/// The code map of ARCHITECTURE.md is made from the manifests' descriptions and the modules' first sentences.
#[test]
fn the_code_map_is_the_tree() {
    let document = text("ARCHITECTURE.md");
    let (before, written, after) = marked(&document, "code map");
    let expected = code_map();
    if written == expected {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(root().join("ARCHITECTURE.md"), format!("{before}{expected}{after}"))
            .unwrap();
        return;
    }
    let (written, expected): (BTreeSet<&str>, BTreeSet<&str>) =
        (written.lines().collect(), expected.lines().collect());
    let gone = written.difference(&expected).map(|line| format!("gone or changed: {line}"));
    let new = expected.difference(&written).map(|line| format!("new or changed:  {line}"));
    let mut complaints: Vec<String> = gone.chain(new).collect();
    complaints.push("UPDATE_EXPECT=1 cargo test -p vidro-tests --test tidy rewrites it".to_owned());
    none(&complaints);
}

fn code_map() -> String {
    let mut map = String::new();
    let mut packages = packages();
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    let all = files();
    for package in packages {
        map.push_str(&format!("\n**`{}`** {}.\n", package.folder, package.description));
        let modules = modules(&package.folder, &all);
        if !modules.is_empty() {
            map.push('\n');
        }
        for (name, file) in modules {
            map.push_str(&format!("- `{name}`: {}\n", purpose(&text(&file))));
        }
    }
    map.push('\n');
    map
}

/// A package's top modules and the files that say what they are for.
fn modules(folder: &str, all: &[String]) -> BTreeMap<String, String> {
    let source = format!("{folder}/src/");
    let mut found = BTreeMap::new();
    for file in all.iter().filter(|file| file.starts_with(&source) && file.ends_with(".rs")) {
        let inside = &file[source.len()..];
        let name = match inside.split_once('/') {
            Some((top, "mod.rs")) => top,
            Some(_) => continue,
            None => inside.trim_end_matches(".rs"),
        };
        if !["lib", "main"].contains(&name) {
            found.insert(name.to_owned(), file.clone());
        }
    }
    found
}

/// The first sentence of a file's opening comment.
fn purpose(source: &str) -> String {
    let comment: Vec<&str> =
        source.lines().map_while(|line| line.strip_prefix("//! ")).map(str::trim).collect();
    let paragraph = comment.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |end| end + 1);
    paragraph[..end].to_owned()
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let document = text("ARCHITECTURE.md");
    let (_, invariants, _) = marked(&document, "invariants");
    let sources: Vec<String> = rust_files().iter().map(|file| text(file)).collect();
    let mut complaints = Vec::new();
    for line in invariants.lines().filter(|line| line.starts_with("- ")) {
        let named = line.rsplit_once("(`").and_then(|(_, end)| end.split_once("`)"));
        let Some((name, _)) = named else {
            complaints.push(format!("names no test: {line}"));
            continue;
        };
        let known = sources.iter().any(|source| source.contains(&format!("fn {name}(")));
        if !known && !root().join(name).is_file() {
            complaints.push(format!("names {name}, which is no test and no file: {line}"));
        }
    }
    none(&complaints);
}

#[test]
fn documents_are_there_and_name_real_commands() {
    let mut complaints = Vec::new();
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "docs/embedding.md",
        "docs/incorporar.md",
    ] {
        if !root().join(file).is_file() {
            complaints.push(format!("{file} is missing"));
        }
    }
    let commands = text("xtask/src/main.rs");
    for file in files().iter().filter(|file| file.ends_with(".md") || *file == ".ci/run") {
        for mention in text(file).split("cargo xtask ").skip(1) {
            let end = mention.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(mention.len());
            let name = &mention[..end];
            if !name.is_empty() && !commands.contains(&format!("\"{name}\" =>")) {
                complaints.push(format!("{file} names `cargo xtask {name}`, which is no command"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut complaints = Vec::new();
    for file in
        files().iter().filter(|file| file.ends_with(".md") && !file.starts_with("tests/suite/"))
    {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        for link in text(file).split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let target = link.0.split('#').next().unwrap_or_default();
            let local = !target.is_empty() && !target.contains(':');
            if local && !root().join(folder).join(target).exists() {
                complaints.push(format!("{file} links to {target}, which is not there"));
            }
        }
    }
    none(&complaints);
}
