//! A config file with the files it includes, as one document.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::ConfigError;
use super::remarks::{Remarks, Taken};
use super::sources::Origins;
use super::yaml::{self, Broken};

/// A file that was read, and how it looked just before.
pub type ReadFile = (PathBuf, Stamp);

/// Size and time of a file; none: it is not there.
pub type Stamp = Option<(u64, SystemTime)>;

/// How a file looks now.
pub fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// A document, the files that it was read from, and which of them says what.
#[derive(Debug)]
pub struct Document {
    pub root: Map<String, Value>,
    pub files: Vec<ReadFile>,
    pub origins: Origins,
}

/// Reads a file with everything it includes. A relative name lies beside the including file.
pub fn read(path: &Path, remarks: &mut Remarks) -> Result<Document, ConfigError> {
    let (mut files, mut origins) = (Vec::new(), Origins::default());
    let root = read_nested(path, &mut Vec::new(), (&mut files, &mut origins), remarks)?;
    Ok(Document {
        root,
        files,
        origins,
    })
}

/// Where a text is broken, in words.
pub fn broken(file: &str, broken: &Broken) -> ConfigError {
    ConfigError(match broken.at {
        Some((line, column)) => format!("{file}, line {line}, column {column}: {}", broken.what),
        None => format!("{file}: {}", broken.what),
    })
}

fn read_nested(
    path: &Path,
    open: &mut Vec<PathBuf>,
    (files, origins): (&mut Vec<ReadFile>, &mut Origins),
    remarks: &mut Remarks,
) -> Result<Map<String, Value>, ConfigError> {
    let file = path.display().to_string();
    let fail = |what: &str| ConfigError(format!("{file}: {what}"));
    files.push((path.to_owned(), stamp(path)));
    let text = std::fs::read_to_string(path).map_err(|cause| match open.last() {
        Some(from) => fail(&format!("{cause} (included by {})", from.display())),
        None => fail(&cause.to_string()),
    })?;
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if open.contains(&real) {
        return Err(fail("`include` leads back to itself"));
    }
    let document = yaml::parse(&text).map_err(|it| broken(&file, &it))?;
    let (mut root, nested) = (document.root, !open.is_empty());
    // What is included later counts, and says so later.
    origins.file(path, &root);
    for path in document.twice {
        let origin = if nested {
            format!("{path} ({file})")
        } else {
            path
        };
        remarks.twice(origin);
    }
    let includes = match root.shift_remove("include") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    if !includes.is_empty() {
        remarks.say(Taken::Honoured, "include", "");
    }
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    open.push(real);
    for include in includes {
        let name = include
            .as_str()
            .ok_or_else(|| fail("`include` is a list of file names"))?;
        let members = read_nested(
            &folder.join(name),
            open,
            (&mut *files, &mut *origins),
            remarks,
        )?;
        merge(&mut root, members, name, "", remarks);
    }
    open.pop();
    Ok(root)
}

/// Lists grow and mappings are merged; where both files say something, the included one counts,
/// as in LiteLLM, and a remark says so.
fn merge(
    root: &mut Map<String, Value>,
    nested: Map<String, Value>,
    file: &str,
    path: &str,
    remarks: &mut Remarks,
) {
    for (name, value) in nested {
        let at = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match (root.get_mut(&name), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(Value::Object(known)), Value::Object(more)) => {
                merge(known, more, file, &at, remarks);
            }
            (Some(known), value) if !known.is_null() && !value.is_null() && *known != value => {
                let text = format!("is set here and in `{file}`; the included file's counts");
                remarks.say(Taken::Warning, at, text);
                *known = value;
            }
            (Some(known), value) if known.is_null() => *known = value,
            (Some(_), _) => {}
            (None, value) => drop(root.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn included_lists_and_mappings_are_merged_and_the_included_value_counts() {
        let folder = folder(&[
            ("a.yaml", "include: [sub/b.yaml]\nl: [1]\nm: {x: 1, y: 1}\n"),
            ("sub/b.yaml", "include: c.yaml\nl: [2]\nm: {x: 2, z: 2}\n"),
            ("sub/c.yaml", "l: [3]\n"),
        ]);
        let mut remarks = Remarks::default();
        let read = read(&folder.path().join("a.yaml"), &mut remarks).unwrap();
        let (root, files) = (read.root, read.files);
        let names: Vec<_> = files.iter().filter_map(|it| it.0.file_name()).collect();
        assert_eq!(names, ["a.yaml", "b.yaml", "c.yaml"]);
        let expected = serde_json::json!({"l": [1, 2, 3], "m": {"x": 2, "y": 1, "z": 2}});
        assert_eq!(Value::from(root), expected);
        let warned = remarks.0.iter().find(|it| it.taken == Taken::Warning);
        assert_eq!(warned.unwrap().path, "m.x");
    }

    #[test]
    fn a_circle_is_refused_and_a_missing_file_is_named_with_its_includer() {
        let folder = folder(&[
            ("a.yaml", "include: [b.yaml]"),
            ("b.yaml", "include: [a.yaml]"),
            ("c.yaml", "include: [gone.yaml]"),
        ]);
        let error = |name: &str| {
            let read = read(&folder.path().join(name), &mut Remarks::default());
            read.unwrap_err().to_string()
        };
        assert!(error("a.yaml").contains("leads back to itself"));
        let gone = error("c.yaml");
        assert!(
            gone.contains("gone.yaml") && gone.contains("c.yaml)"),
            "{gone}"
        );
    }

    #[test]
    fn broken_yaml_names_its_file_line_and_column() {
        let folder = folder(&[("a.yaml", "a: [1\nb: 2\n")]);
        let path = folder.path().join("a.yaml");
        let error = read(&path, &mut Remarks::default()).unwrap_err();
        let start = format!("{}, line 2, column ", path.display());
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}
