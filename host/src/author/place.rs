//! Where plugins are installed, and what the config says of those that are.

use std::path::{Path, PathBuf};

use super::AuthorError;
use crate::cli::PluginsPlace;
use crate::config::{Config, Env, PluginsSection, Taken};
use crate::plugins::Grant;
use crate::plugins::trust::Trust;
use crate::serve::config_path;

/// A plugins directory, under a config if there is one.
#[derive(Debug)]
pub struct Place {
    pub directory: PathBuf,
    pub section: PluginsSection,
}

impl Place {
    /// The directory that is named, or the config's.
    ///
    /// # Errors
    /// The config cannot be used, or names none.
    pub fn of(options: &PluginsPlace) -> Result<Self, AuthorError> {
        let section = match (&options.config, &options.directory) {
            (None, Some(_)) => PluginsSection::default(),
            (given, _) => section(given.as_deref())?,
        };
        let directory = options.directory.clone().or(section.directory.clone());
        let directory = directory.ok_or_else(|| {
            AuthorError::refused(
                "the config has no `plugins.directory`: write one, or name it with `--directory`",
            )
        })?;
        Ok(Self { directory, section })
    }

    /// What the config grants the plugin of this name.
    pub fn grant(&self, name: &str) -> Grant {
        let given = self.section.grants.get(name);
        given.map(Grant::of).unwrap_or_default()
    }

    /// Whose signatures count here.
    pub fn trust(&self) -> Trust {
        trust(&self.section)
    }
}

/// The config's `plugins:` section.
///
/// # Errors
/// The config cannot be read, or something in the section is wrong.
pub fn section(given: Option<&Path>) -> Result<PluginsSection, AuthorError> {
    let path = config_path(given)?;
    let env = Env::of_process(Path::new(".env"));
    let loaded = Config::load(&path, env).map_err(crate::serve::ServeError::from);
    let (config, remarks) = loaded?;
    let wrong = |it: &&crate::config::Remark| {
        it.taken == Taken::Wrong && (it.path == "plugins" || it.path.starts_with("plugins."))
    };
    match remarks.iter().find(wrong) {
        Some(remark) => Err(AuthorError::refused(format!(
            "{}: `{}` {}; `sluice check` says all that is wrong",
            path.display(),
            remark.path,
            remark.text
        ))),
        None => Ok(config.plugins.clone()),
    }
}

pub fn trust(section: &PluginsSection) -> Trust {
    Trust {
        keys: section.trust.keys.clone(),
        require: section.trust.require,
    }
}
