//! What the documents promise to have in step: the two languages of the README, the index of `docs/`.

use crate::{files, nothing_wrong, read, root, shown};

/// The parts of a document that do not depend on its language, in order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    /// Levels of the headings.
    headings: Vec<usize>,
    /// Whole blocks of code, with their language.
    blocks: Vec<String>,
    /// Rows of tables and entries of lists, outside of blocks.
    rows: usize,
    entries: usize,
}

fn shape(text: &str) -> Shape {
    let mut shape = Shape::default();
    let mut block: Option<String> = None;
    for line in text.lines() {
        let fence = line.starts_with("```");
        if let Some(mut open) = block.take() {
            open.push_str(line);
            open.push('\n');
            if fence {
                shape.blocks.push(open);
            } else {
                block = Some(open);
            }
        } else if fence {
            block = Some(format!("{line}\n"));
        } else if line.starts_with('#') {
            let level = line.chars().take_while(|it| *it == '#').count();
            shape.headings.push(level);
        } else if line.starts_with('|') {
            shape.rows += 1;
        } else if line.starts_with("- ") {
            shape.entries += 1;
        }
    }
    shape
}

/// What is linked to, in whatever order a language has its words.
fn targets(text: &str) -> Vec<String> {
    let parts = text.split("](").skip(1);
    let mut found: Vec<String> = parts
        .filter_map(|part| part.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn both_languages_of_the_readme_say_the_same() {
    let english = read(&root().join("README.md"));
    let chinese = read(&root().join("README.zh-CN.md"));
    let expected = shape(&english);
    assert!(expected.headings.len() > 5 && expected.blocks.len() > 5);
    assert_eq!(expected, shape(&chinese));
    // Each names the other one.
    let of = |text: &str, other: &str| -> Vec<String> {
        let all = targets(text).into_iter();
        all.filter(|target| target != other).collect()
    };
    assert_eq!(of(&english, "README.zh-CN.md"), of(&chinese, "README.md"));
}

/// Names of code stand in both languages as they are: routes, providers, settings.
#[test]
fn both_languages_of_the_readme_name_the_same_things() {
    let names = |path: &str| -> Vec<String> {
        let text = read(&root().join(path));
        let plain = text.split("```").step_by(2).collect::<String>();
        let names = plain.split('`').skip(1).step_by(2);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(names("README.md"), names("README.zh-CN.md"));
}

#[test]
fn the_index_of_the_documents_has_every_one() {
    let index = read(&root().join("docs/README.md"));
    let listed = targets(&index);
    let missing = files(&root().join("docs"), &["md"])
        .into_iter()
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name != "README.md" && !listed.iter().any(|it| *it == name)
        });
    let wrong: Vec<String> = missing
        .map(|path| format!("docs/README.md does not list {}", shown(&path)))
        .collect();
    nothing_wrong(&wrong);
}

/// What the document quotes of the gateway is what the gateway says, as its sources have it.
#[test]
fn messages_in_troubleshooting_are_told() {
    let sources = files(&root().join("host"), &["rs"]);
    // A text of several lines is one.
    let said: String = sources.iter().map(|it| read(it)).collect();
    let said: String = said
        .split("\\\n")
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .concat();
    let document = read(&root().join("docs/troubleshooting.md"));
    let (mut seen, mut wrong) = (0, Vec::new());
    for part in ["## It does not start\n", "## The database\n"] {
        let (_, after) = document.split_once(part).unwrap();
        let rows = after.split("\n## ").next().unwrap_or_default().lines();
        let cells = rows.filter_map(|it| it.strip_prefix("| ")?.split(" | ").next());
        for quoted in cells.flat_map(|it| it.split('`').skip(1).step_by(2)) {
            // Names and numbers stand between the words.
            for words in quoted.split(['…', '(']).map(str::trim) {
                let words = words.trim_matches([',', ')', '?']);
                let is_option = words.starts_with("--");
                if words.len() < 10 || is_option {
                    continue;
                }
                seen += 1;
                if !said.contains(words) {
                    wrong.push(format!("docs/troubleshooting.md: `{words}`"));
                }
            }
        }
    }
    assert!(seen > 20, "{seen}");
    nothing_wrong(&wrong);
}

/// The anchor that a heading has: its words, small, with hyphens between.
fn anchor(heading: &str) -> String {
    let plain = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = plain
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// Links into a document lead to a heading of it.
#[test]
fn links_into_documents_lead_to_a_heading() {
    let mut wrong = Vec::new();
    for path in files(&root(), &["md"]) {
        let text = read(&path);
        for target in targets(&text).iter().filter(|it| !it.contains("://")) {
            let Some((file, wanted)) = target.split_once('#') else {
                continue;
            };
            let folder = path.parent().unwrap_or(&path);
            let there = match file {
                "" => text.clone(),
                file => read(&folder.join(file)),
            };
            let headings = there.lines().filter(|line| line.starts_with('#'));
            if !headings.map(anchor).any(|it| it == wanted) {
                wrong.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    nothing_wrong(&wrong);
}
