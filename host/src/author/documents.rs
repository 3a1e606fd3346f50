//! The documents of authors, held against the published schemas.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::AuthorError;

const DESCRIBE: &str = include_str!("../../../wit/describe.schema.json");
const FIXTURE: &str = include_str!("../../../wit/fixture.schema.json");
const HOOK_FIXTURE: &str = include_str!("../../../wit/hook-fixture.schema.json");

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    Describe,
    Fixture,
    HookFixture,
}

impl Schema {
    const fn text(self) -> &'static str {
        match self {
            Self::Describe => DESCRIBE,
            Self::Fixture => FIXTURE,
            Self::HookFixture => HOOK_FIXTURE,
        }
    }

    /// Everything in a document that does not fit, by its place.
    pub fn misfits(self, document: &Value) -> Vec<String> {
        let schema: Value = serde_json::from_str(self.text()).unwrap_or_default();
        match jsonschema::validator_for(&schema) {
            Ok(validator) => validator
                .iter_errors(document)
                .map(|error| format!("{}: {error}", place(&error.instance_path().to_string())))
                .collect(),
            Err(cause) => vec![cause.to_string()],
        }
    }
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() {
        "the document"
    } else {
        pointer
    }
}

/// A fixture, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file's name, or that it is an example of the component's own.
    pub origin: String,
    pub value: Value,
}

/// The folder of fixtures that belongs to a component: the given one, or `fixtures` beside it.
///
/// # Errors
/// The given one is no folder.
pub fn folder_of(file: &Path, given: Option<&Path>) -> Result<Option<PathBuf>, AuthorError> {
    match given {
        Some(folder) if folder.is_dir() => Ok(Some(folder.to_owned())),
        Some(folder) => Err(AuthorError::refused(format!(
            "{} is no folder: give `--fixtures` the folder in which the fixtures (`*.json`) are",
            folder.display()
        ))),
        None => {
            let beside = file.with_file_name("fixtures");
            Ok(beside.is_dir().then_some(beside))
        }
    }
}

/// Every `*.json` of a folder, in the order of their names.
///
/// # Errors
/// One cannot be read, or is no JSON.
pub fn read_folder(folder: &Path) -> Result<Vec<Document>, AuthorError> {
    let entries = std::fs::read_dir(folder).map_err(AuthorError::file(folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(AuthorError::file(folder))?.path();
        if path.extension().is_some_and(|it| it == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Document, AuthorError> {
    let text = std::fs::read_to_string(path).map_err(AuthorError::file(path))?;
    let value = serde_json::from_str(&text)
        .map_err(|cause| AuthorError::refused(format!("{} is no JSON: {cause}", path.display())))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Document {
        origin: name.into_owned(),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_misfit_is_named_by_its_place() {
        let document =
            json!({"name": "a", "version": "1", "providers": [{"name": "a", "operations": {}}]});
        let wrong = Schema::Describe.misfits(&document);
        assert!(
            wrong
                .iter()
                .any(|it| it.starts_with("/providers/0/operations:")),
            "{wrong:?}"
        );
        assert_eq!(
            Schema::HookFixture
                .misfits(&json!({"name": "a", "expect": {}}))
                .len(),
            1
        );
        assert!(
            Schema::Fixture
                .misfits(&json!({}))
                .iter()
                .all(|it| it.starts_with("the document"))
        );
    }

    #[test]
    fn a_folder_that_is_none_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        assert_eq!(folder_of(&file, None).unwrap(), None);
        let wrong = folder_of(&file, Some(&file)).unwrap_err().to_string();
        assert!(wrong.contains("--fixtures"), "{wrong}");
        std::fs::create_dir(folder.path().join("fixtures")).unwrap();
        let found = folder_of(&file, None).unwrap().unwrap();
        std::fs::write(found.join("b.json"), "{}").unwrap();
        std::fs::write(found.join("a.txt"), "no").unwrap();
        assert_eq!(read_folder(&found).unwrap().len(), 1);
        std::fs::write(found.join("c.json"), "{").unwrap();
        assert!(
            read_folder(&found)
                .unwrap_err()
                .to_string()
                .contains("c.json is no JSON")
        );
    }
}
