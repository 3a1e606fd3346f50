//! `sluice plugin new`: a folder that builds and passes its tests at once.

mod sdk;
mod templates;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{AuthorError, Told};
use crate::cli::{Lang, NewPlugin, PluginKind};

/// What `build` goes by.
pub const MANIFEST: &str = "sluice-plugin.json";
const MAX_NAME: usize = 64;

/// The manifest of a plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The component is `<name>.wasm`.
    pub name: String,
    pub lang: Lang,
    pub kind: PluginKind,
}

impl Manifest {
    /// Reads the one of a folder.
    ///
    /// # Errors
    /// There is none, or it is not as `new` writes it.
    pub fn read(folder: &Path) -> Result<Self, AuthorError> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Err(AuthorError::refused(format!(
                    "{} is not there: go to a folder that `sluice plugin new` made, or name it; a plugin that is built otherwise needs no `build`, only `check` and `test`",
                    path.display()
                )));
            }
            Err(cause) => return Err(AuthorError::file(&path)(cause)),
        };
        let manifest: Self = serde_json::from_str(&text).map_err(|cause| {
            let path = path.display();
            AuthorError::refused(format!("{path}: {cause}; it has `name`, `lang` and `kind`"))
        })?;
        judge_name(&manifest.name)?;
        Ok(manifest)
    }

    /// The world of the contract that it is built for.
    pub const fn world(&self) -> &'static str {
        match self.kind {
            PluginKind::Provider => "provider-plugin",
            PluginKind::Guardrail => "guardrail-plugin",
            PluginKind::Callback => "callback-plugin",
        }
    }
}

/// Makes the folder.
///
/// # Errors
/// It is there already, or its name is none for a plugin.
pub fn new(options: &NewPlugin) -> Result<Told, AuthorError> {
    let folder = &options.folder;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    judge_name(&name)?;
    if sluice_bundled::PLUGINS.iter().any(|it| it.name == name) {
        return Err(AuthorError::refused(format!(
            "`{name}` ships with the gateway: give this one another name"
        )));
    }
    if folder.exists() {
        let folder = folder.display();
        return Err(AuthorError::refused(format!(
            "{folder} is there already: choose another folder, nothing in it was touched"
        )));
    }
    let manifest = Manifest {
        name: name.into_owned(),
        lang: options.lang,
        kind: options.kind,
    };
    for (path, text) in files(&manifest) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(AuthorError::file(parent))?;
        }
        std::fs::write(&path, text).map_err(AuthorError::file(&path))?;
    }
    let (folder, name) = (folder.display(), &manifest.name);
    Ok(Told::good(format!(
        "{folder} is made. Go on with\n\n  cd {folder}\n  sluice plugin build\n  sluice plugin test {name}.wasm"
    )))
}

/// Every file of a new plugin, by its place.
fn files(manifest: &Manifest) -> Vec<(PathBuf, String)> {
    let mut files: Vec<(PathBuf, String)> = templates::of(manifest.lang, manifest.kind)
        .iter()
        .map(|(path, text)| (PathBuf::from(path), filled(text, manifest)))
        .collect();
    let readme = filled(templates::README, manifest);
    files.push(("README.md".into(), readme));
    for (name, text) in templates::CONTRACT {
        files.push((Path::new("wit").join(name), text.to_owned()));
    }
    let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
    files.push((MANIFEST.into(), text + "\n"));
    files
}

fn filled(text: &str, manifest: &Manifest) -> String {
    let env = manifest.name.replace(['-', '.'], "_").to_ascii_uppercase();
    let kind = match manifest.kind {
        PluginKind::Provider => "provider",
        PluginKind::Guardrail => "guardrail",
        PluginKind::Callback => "callback",
    };
    let grants = templates::grants(manifest.kind).trim_end();
    text.replace("{{grants}}", grants)
        .replace("{{name}}", &manifest.name)
        .replace("{{ENV}}", &env)
        .replace("{{kind}}", kind)
        .replace("{{source}}", templates::source(manifest.lang))
        .replace("{{needs}}", templates::needs(manifest.lang))
}

/// A name that is one for a plugin, a file, a crate and a package.
fn judge_name(name: &str) -> Result<(), AuthorError> {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_';
    let is_name = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.chars().all(plain)
        && name.len() <= MAX_NAME;
    if is_name {
        return Ok(());
    }
    Err(AuthorError::refused(format!(
        "{name:?} cannot be a plugin's name: take small letters, digits, `-` and `_`, a letter first, {MAX_NAME} at most"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANGS: [Lang; 6] = [
        Lang::Rust,
        Lang::Js,
        Lang::Ts,
        Lang::Python,
        Lang::Go,
        Lang::C,
    ];
    const KINDS: [PluginKind; 3] = [
        PluginKind::Provider,
        PluginKind::Guardrail,
        PluginKind::Callback,
    ];

    fn options(folder: PathBuf, lang: Lang, kind: PluginKind) -> NewPlugin {
        NewPlugin { folder, lang, kind }
    }

    #[test]
    fn a_new_folder_has_its_source_the_contract_and_a_manifest_and_nothing_left_to_fill_in() {
        let home = tempfile::tempdir().unwrap();
        for (lang, kind) in LANGS
            .iter()
            .flat_map(|lang| KINDS.map(|kind| (*lang, kind)))
        {
            let folder = home
                .path()
                .join(format!("mine-{lang:?}-{kind:?}").to_lowercase());
            new(&options(folder.clone(), lang, kind)).unwrap();
            let manifest = Manifest::read(&folder).unwrap();
            assert_eq!((manifest.lang, manifest.kind), (lang, kind));
            assert!(folder.join(templates::source(lang)).is_file());
            assert!(folder.join("wit/sluice-plugin.wit").is_file());
            let name = format!("\"{}\"", manifest.name);
            let mut named = 0;
            for (path, text) in files(&manifest) {
                // What belongs to the SDK may have anything in it.
                if !path.starts_with("sluice") && !path.starts_with("wit") {
                    assert!(!text.contains("{{"), "{}", path.display());
                    named += text.matches(&name).count();
                }
            }
            assert!(named > 3, "{lang:?} {kind:?}");
        }
    }

    #[test]
    fn what_is_no_name_and_what_is_there_is_refused_with_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let said = |name: &str| {
            let folder = home.path().join(name);
            let made = new(&options(folder, Lang::Js, PluginKind::Provider));
            made.unwrap_err().to_string()
        };
        for name in ["Mine", "1st", "a b", "..", "ümlaut"] {
            assert!(said(name).contains("small letters"), "{name}");
        }
        std::fs::create_dir(home.path().join("there")).unwrap();
        assert!(said("there").contains("nothing in it was touched"));
        assert!(
            Manifest::read(home.path())
                .unwrap_err()
                .to_string()
                .contains("plugin new")
        );
        std::fs::write(
            home.path().join(MANIFEST),
            r#"{"name": "a", "lang": "cobol", "kind": "provider"}"#,
        )
        .unwrap();
        assert!(
            Manifest::read(home.path())
                .unwrap_err()
                .to_string()
                .contains("cobol")
        );
    }
}
