//! A changed `plugins:` section, taken over by the running plugins: no component is compiled, no
//! call is disturbed.

use std::sync::Arc;

use super::prepare::InstallError;
use super::registry::{Generation, Source};
use super::settings::PluginsConfig;
use super::{Plugins, lock, table, wanting};

impl Plugins {
    /// Takes the section over, or nothing of it. Limits and isolation hold from each plugin's next
    /// call, grants and rows from the next fleet. Files that only the old section spoke against
    /// are taken with the next [`Self::rescan`].
    pub async fn reconfigure(&self, config: PluginsConfig) -> Result<(), InstallError> {
        let inner = &self.inner;
        let _turn = inner.changing.lock().await;
        let old = inner.config.load_full();
        if config == *old {
            return Ok(());
        }
        if config.state_dir != old.state_dir {
            tracing::warn!("`plugins.data_directory` is taken over at the next start");
        }
        let before = inner.table.load_full();
        let mut plugins = before.plugins.clone();
        for (name, generation) in &mut plugins {
            let bundled = lock(&inner.bundled).get(name).cloned();
            let is_file = matches!(generation.source, Source::File(_));
            if is_file
                && !config.overrides.contains(name)
                && let Some(bundled) = bundled
            {
                tracing::info!(plugin.name = %name, "the bundled plugin serves again: `plugins.override` does not name it any more");
                *generation = bundled;
            }
            let allowed = generation.check(&config);
            if let Err(cause) = allowed.and_then(|()| wanting::check(generation, &config)) {
                tracing::error!(
                    plugin.name = %name, %cause,
                    "the plugin that serves is not one that the config allows; it serves until such a one comes, and not after a restart"
                );
            }
            *generation = self.current(generation, &config);
        }
        let after = table::build(plugins, &config)?;
        inner.config.store(Arc::new(config));
        self.swap(after);
        Ok(())
    }
}

impl Plugins {
    /// A version that serves again or goes on serving, under the limits that the config has now.
    pub(super) fn current(
        &self,
        generation: &Arc<Generation>,
        config: &PluginsConfig,
    ) -> Arc<Generation> {
        let bundled = generation.source == Source::Bundled;
        let settings = config.settings_for(&generation.describe.name, bundled);
        if *generation.plugin.settings() == settings {
            return Arc::clone(generation);
        }
        let renewed = Arc::new(generation.renewed(settings));
        self.inner.ledger.follow(&renewed);
        renewed
    }
}

impl Generation {
    /// The same version, run otherwise. Its time and its outcomes go on.
    fn renewed(&self, settings: sluice_engine::Settings) -> Self {
        Self {
            plugin: self.plugin.renamed(&self.describe.name, settings),
            describe: self.describe.clone(),
            source: self.source.clone(),
            signed_by: self.signed_by.clone(),
            stem: self.stem.clone(),
            number: self.number,
            since: self.since,
            outcomes: self.outcomes.copy(),
            is_suspect: false.into(),
        }
    }
}
