//! The environment, with the layers that a config puts over it. The only place that reads it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::domain::Secret;

/// Names and values: the config's `environment_variables`, then the process's, then `.env`.
#[derive(Debug, Clone, Default)]
pub struct Env {
    over: Arc<HashMap<String, Secret>>,
    process: Arc<HashMap<String, Secret>>,
    under: Arc<HashMap<String, Secret>>,
}

impl Env {
    /// The process's environment, with a `.env` file under it if the folder has one.
    pub fn of_process(dotenv: &Path) -> Self {
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .map(|(name, value)| (name, Secret::new(value)));
        let text = std::fs::read_to_string(dotenv).unwrap_or_default();
        let under = text
            .lines()
            .filter_map(line)
            .map(|(name, value)| (name, Secret::new(value)));
        Self {
            over: Arc::default(),
            process: Arc::new(process.collect()),
            under: Arc::new(under.collect()),
        }
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

    /// The value of a name. An empty value is none.
    pub fn get(&self, name: &str) -> Option<Secret> {
        let layers = [&self.over, &self.process, &self.under];
        let found = layers.into_iter().find_map(|layer| layer.get(name));
        found.filter(|value| !value.reveal().is_empty()).cloned()
    }

    /// As text, for what is no secret.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.reveal().to_owned())
    }
}

fn line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    if line.starts_with('#') {
        return None;
    }
    let (name, value) = line.split_once('=')?;
    let value = value.trim();
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    Some((name.trim().to_owned(), unquoted.unwrap_or(value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configs_own_variables_win_and_empty_ones_are_none() {
        let over = HashMap::from([("A".to_owned(), Secret::new("2"))]);
        let env = Env::of(&[("A", "1"), ("B", "")]).with(over);
        assert_eq!(env.text("A").as_deref(), Some("2"));
        assert_eq!(env.text("B"), None);
    }

    #[test]
    fn dotenv_lines_are_read_with_quotes_and_comments() {
        assert_eq!(line("export A='x y' "), Some(("A".into(), "x y".into())));
        assert_eq!(line("# A=1"), None);
    }
}
