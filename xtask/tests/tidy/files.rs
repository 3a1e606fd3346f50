//! Sizes of files, and files that nothing uses.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{code, files, nothing_wrong, read, root, shown};

/// What the house is written in.
const SOURCES: &[&str] = &["rs", "py", "js", "mjs", "ts", "go", "c", "h"];

#[test]
fn no_file_is_longer_than_800_lines() {
    let found = files(&root(), SOURCES);
    assert!(found.len() > 80, "{}", found.len());
    let long = found
        .iter()
        .filter(|path| !generated(path))
        .map(|path| (path, read(path).lines().count()))
        .filter(|(_, lines)| *lines > 800);
    let wrong: Vec<String> = long
        .map(|(path, lines)| format!("{}: {lines} lines", shown(path)))
        .collect();
    nothing_wrong(&wrong);
}

#[test]
fn the_shortest_example_is_as_short_as_is_said() {
    let example = "sdk/rust/examples/whole_answer.rs";
    let lines = read(&root().join(example)).lines().count();
    assert!(lines < 60, "{example} has {lines} lines, not under 60");
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let opening = concat!("[all", "ow(");
    let allowed = files(&root(), &["rs"])
        .into_iter()
        .filter(|path| read(path).contains(opening));
    let wrong: Vec<String> = allowed.map(|path| shown(&path)).collect();
    nothing_wrong(&wrong);
}

#[test]
fn no_test_is_left_out() {
    let ignored = concat!("#[ign", "ore");
    let skipped = concat!("pytest.mark.sk", "ip");
    let left_out = files(&root(), SOURCES)
        .into_iter()
        .filter(|path| read(path).contains(ignored) || read(path).contains(skipped));
    let wrong: Vec<String> = left_out.map(|path| shown(&path)).collect();
    nothing_wrong(&wrong);
}

/// Pages, components and machine code are made by the build, from sources that can be read.
#[test]
fn nothing_that_is_built_is_committed() {
    let mut git = Command::new("git");
    let listed = git.args(["ls-files"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git cannot list the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.lines().any(|it| it == "host/ui/package.json"));
    let built = |path: &&str| {
        let mut parts = path.split('/');
        let ending = path.rsplit('.').next().unwrap_or_default();
        parts.any(|it| ["dist", "node_modules", "target", "__pycache__"].contains(&it))
            || ["wasm", "cwasm", "map", "gz", "br", "so", "pyc"].contains(&ending)
    };
    let wrong: Vec<String> = listed.lines().filter(built).map(str::to_owned).collect();
    nothing_wrong(&wrong);
}

/// What people copy is what the documents promise: less than 100 lines, comments and all.
#[test]
fn every_example_is_shorter_than_100_lines() {
    let examples = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .flatten();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for folder in examples.filter(|it| it.path().join("build.sh").exists()) {
        let sources = files(&folder.path(), SOURCES).into_iter();
        let own = sources.filter(|path| !generated(path) && !path.ends_with("tests.rs"));
        let lines: usize = own.map(|path| read(&path).lines().count()).sum();
        seen += 1;
        if !(1..100).contains(&lines) {
            wrong.push(format!("{}: {lines} lines", shown(&folder.path())));
        }
    }
    assert_eq!(
        seen, 18,
        "a provider, a guardrail and a callback in six languages"
    );
    nothing_wrong(&wrong);
}

/// What a build leaves behind.
fn generated(path: &Path) -> bool {
    let shown = shown(path);
    ["/build/", "/gen/", "/wit_exports/"]
        .iter()
        .any(|folder| shown.contains(folder))
}

/// A guest is a test's: by its package in an engine test, or by its file with the SDKs.
#[test]
fn every_guest_and_every_deed_of_one_has_a_test() {
    let mut tests = files(&root().join("host/engine/tests"), &["rs"]);
    tests.extend(files(&root().join("tests/it"), &["rs"]));
    tests.extend(files(&root().join("tests/sdk"), &["py"]));
    let tests: String = tests.iter().map(|path| read(path)).collect();
    let mut wrong = Vec::new();
    for guest in std::fs::read_dir(root().join("tests/guests"))
        .unwrap()
        .flatten()
    {
        let name = guest.file_name().to_string_lossy().into_owned();
        let built = format!("guests::build(\"{name}\"");
        let ways = [
            built,
            format!("sluice_guest_{name}"),
            format!("sluice-guest-{name}"),
        ];
        if !ways.iter().any(|way| tests.contains(way)) {
            wrong.push(format!("tests/guests/{name} has no test"));
        }
    }
    let hostile = files(&root().join("tests/guests/hostile/src"), &["rs"]);
    let hostile: Vec<String> = hostile.iter().map(|path| code(path)).collect();
    for line in hostile.iter().flat_map(|code| code.lines()) {
        let arm = line.trim_start().strip_prefix('"');
        let deed = arm.and_then(|it| it.split_once("\" =>"));
        let done = |deed: &str| {
            [format!("\"{deed}\""), format!("/{deed}\"")]
                .iter()
                .any(|it| tests.contains(it))
        };
        if let Some((deed, _)) = deed.filter(|(deed, _)| !done(deed)) {
            wrong.push(format!("the hostile guest's `{deed}` has no test"));
        }
    }
    nothing_wrong(&wrong);
}

/// `*.json` are run by `testing::run_dir` and its like of guardrails and callbacks; anything else beside them has to be named in a test.
#[test]
fn no_fixture_lies_unused() {
    let all = |paths: Vec<PathBuf>| -> String { paths.iter().map(|path| read(path)).collect() };
    let shared = all(files(&root().join("tests"), SOURCES));
    let mut wrong = Vec::new();
    for plugin in std::fs::read_dir(root().join("plugins")).unwrap().flatten() {
        let sources = all(files(&plugin.path(), &["rs"])) + &shared;
        let folder = plugin.path().join("fixtures");
        if !folder.exists() {
            continue;
        }
        for fixture in files(&folder, &["json", "jsonl", "sse", "txt", "snap"]) {
            let name = fixture.file_name().unwrap().to_string_lossy().into_owned();
            let runners = ["run_dir", "run_guardrail_dir", "run_callback_dir"];
            let run = name.ends_with(".json") && runners.iter().any(|it| sources.contains(it));
            if !run && !sources.contains(&name) {
                wrong.push(format!("{} is used by no test", shown(&fixture)));
            }
        }
    }
    nothing_wrong(&wrong);
}

/// Links between the documents, and to the code, lead somewhere.
#[test]
fn links_in_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files(&root(), &["md"]) {
        for part in read(&path).split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://");
            if !outside && !path.parent().unwrap().join(target).exists() {
                wrong.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    nothing_wrong(&wrong);
}
