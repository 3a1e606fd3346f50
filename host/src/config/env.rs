//! The environment, with the layers that a config puts over it. The only place that reads it; the
//! process's own is never changed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::dotenv;
use super::sources::Setting;
use crate::domain::Secret;

/// Where a variable is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The config's `environment_variables`.
    Config,
    Process,
    /// The `.env` file.
    Dotenv,
}

/// Names and values: the config's `environment_variables`, then the process's, then `.env`.
#[derive(Debug, Clone, Default)]
pub struct Env {
    over: Arc<HashMap<String, Secret>>,
    process: Arc<HashMap<String, Secret>>,
    under: Arc<HashMap<String, Secret>>,
    /// What the command line says.
    options: Arc<[Setting]>,
}

impl Env {
    /// The process's environment, with a `.env` file under it if there is one. As in LiteLLM,
    /// `LITELLM_MODE=PRODUCTION` leaves the file alone.
    pub fn of_process(dotenv: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .map(|(name, value)| (name, Secret::new(value)));
        let mut env = Self {
            process: Arc::new(process.collect()),
            ..Self::default()
        };
        let production = env.text("LITELLM_MODE").as_deref() == Some("PRODUCTION");
        if !production && let Ok(text) = std::fs::read_to_string(dotenv) {
            let under = dotenv::parse(&text, |name| env.text(name));
            env.under = Arc::new(
                under
                    .into_iter()
                    .map(|(name, value)| (name, Secret::new(value)))
                    .collect(),
            );
        }
        env
    }

    /// For tests: these names and no others.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let process = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
        Self {
            process: Arc::new(process.collect()),
            ..Self::default()
        }
    }

    /// With the config's own variables on top.
    #[must_use]
    pub fn with(mut self, over: HashMap<String, Secret>) -> Self {
        self.over = Arc::new(over);
        self
    }

    /// With the options of the command line.
    #[must_use]
    pub fn with_options(mut self, options: Vec<Setting>) -> Self {
        self.options = options.into();
        self
    }

    /// The options of the command line.
    pub(super) fn options(&self) -> &[Setting] {
        &self.options
    }

    /// The value of a name. An empty value is none.
    pub fn get(&self, name: &str) -> Option<Secret> {
        let layers = [&self.over, &self.process, &self.under];
        let found = layers.into_iter().find_map(|layer| layer.get(name));
        found.filter(|value| !value.reveal().is_empty()).cloned()
    }

    /// Where a name that has a value is set.
    pub fn layer(&self, name: &str) -> Option<Layer> {
        let layers = [
            (&self.over, Layer::Config),
            (&self.process, Layer::Process),
            (&self.under, Layer::Dotenv),
        ];
        let mut layers = layers.into_iter();
        let (value, layer) = layers.find_map(|(values, it)| Some((values.get(name)?, it)))?;
        (!value.reveal().is_empty()).then_some(layer)
    }

    /// Every name that has a value, with the value that counts.
    pub fn all(&self) -> HashMap<String, Secret> {
        let layers = [&self.under, &self.process, &self.over];
        let all = layers.into_iter().flat_map(|layer| layer.iter());
        let mut all: HashMap<_, _> = all
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        all.retain(|_, value| !value.reveal().is_empty());
        all
    }

    /// As text, for what is no secret.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.reveal().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configs_own_variables_win_and_empty_ones_are_none() {
        let over = HashMap::from([("A".to_owned(), Secret::new("2"))]);
        let env = Env::of(&[("A", "1"), ("B", "")]).with(over);
        assert_eq!(env.text("A").as_deref(), Some("2"));
        assert_eq!((env.text("B"), env.layer("B")), (None, None));
        assert_eq!(env.layer("A"), Some(Layer::Config));
    }

    #[test]
    fn a_dotenv_file_lies_under_the_process() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "PATH=/nowhere\nSLUICE_OF_THE_FILE=1\n").unwrap();
        let env = Env::of_process(file.path());
        assert_eq!(env.text("SLUICE_OF_THE_FILE").as_deref(), Some("1"));
        assert_ne!(env.text("PATH").as_deref(), Some("/nowhere"));
    }
}
