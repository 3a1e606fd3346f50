//! The room as a whole, with the real engine and the bundled echo component.

mod clashes;
mod directory;
mod examined;
mod lastgood;
mod reconfigured;
mod restarts;
mod trust;
mod watched;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use sluice_engine::{Engine, EngineConfig};
use tempfile::TempDir;

use super::directory::Directory;
use super::watch::Look;
use super::{Generation, LogEntry, Plugins, PluginsConfig, What, lock};

/// One engine for all tests: it reserves much address space.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&EngineConfig::default()).unwrap());

/// A plugins directory, and the plugins that come of it.
struct Place {
    folder: TempDir,
    config: PluginsConfig,
    bundled: Vec<sluice_bundled::Bundled>,
    plugins: Plugins,
    directory: Directory,
    /// The providers that deployments name.
    used: Arc<Mutex<BTreeSet<String>>>,
    /// What the settings check finds.
    verdict: Arc<Mutex<Result<(), String>>>,
}

impl Place {
    /// An empty directory, and no bundled plugins.
    async fn new() -> Self {
        Self::with(&[], |_| {}).await
    }

    async fn with(bundled: &[&str], configure: impl Fn(&mut PluginsConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("plugins")).unwrap();
        let mut config = PluginsConfig {
            directory: Some(folder.path().join("plugins")),
            state_dir: Some(folder.path().join("state")),
            ..PluginsConfig::default()
        };
        configure(&mut config);
        let bundled: Vec<_> = bundled.iter().map(|name| bundled_plugin(name)).collect();
        let verdict = Arc::new(Mutex::new(Ok(())));
        let plugins = start(&config, &bundled, &verdict).await;
        Self {
            folder,
            config,
            bundled,
            plugins,
            directory: Directory::default(),
            used: Arc::default(),
            verdict,
        }
    }

    /// The same directory, with all that was in memory lost.
    async fn restart(&mut self) {
        self.plugins = start(&self.config, &self.bundled, &self.verdict).await;
        let in_use = self.in_use();
        self.directory = self.plugins.load_directory(&in_use).await;
    }

    fn in_use(&self) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let used = Arc::clone(&self.used);
        move |name| lock(&used).contains(name)
    }

    /// The config's section changes, and the directory is looked at for it.
    async fn reconfigure(&mut self, change: impl FnOnce(&mut PluginsConfig)) {
        change(&mut self.config);
        let config = self.config.clone();
        self.plugins.reconfigure(config).await.unwrap();
        self.look_for(Look::Anew).await;
    }

    /// A number of the metrics.
    fn number(&self, plugin: &str, metric: &str) -> f64 {
        let numbers = self.plugins.numbers().into_iter();
        let mut of_it = numbers.filter(|(name, number)| name == plugin && number.0 == metric);
        of_it.next().map_or(0.0, |(_, number)| number.4)
    }

    fn use_provider(&self, name: &str) {
        lock(&self.used).insert(name.into());
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("plugins").join(file)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.path(file), bytes).unwrap();
    }

    /// Looks at the directory as the watcher does. True if a file was still changing.
    async fn look(&mut self) -> bool {
        self.look_for(Look::Again).await
    }

    async fn look_for(&mut self, look: Look) -> bool {
        let in_use = self.in_use();
        self.plugins.look(&mut self.directory, look, &in_use).await
    }

    async fn drop_in(&mut self, file: &str, bytes: &[u8]) {
        self.write(file, bytes);
        self.look().await;
    }

    fn serving(&self, provider: &str) -> Option<Arc<Generation>> {
        let provider = self.plugins.provider(provider)?;
        Some(Arc::clone(&provider.generation))
    }

    /// Whether the provider is served by these bytes.
    fn serves(&self, provider: &str, bytes: &[u8]) -> bool {
        let serving = self.serving(provider);
        serving.is_some_and(|it| it.plugin.digest() == super::digest(bytes))
    }

    fn last(&self) -> LogEntry {
        let entries = self.plugins.inner.journal.entries();
        entries.into_iter().next().unwrap()
    }

    /// Why the last file was refused.
    fn refusal(&self) -> String {
        let last = self.last();
        assert_eq!(last.what, What::Refused, "{}", last.detail);
        last.detail
    }
}

/// Files serve without what they are not granted.
fn lenient(config: &mut PluginsConfig) {
    config.ungranted = crate::config::Ungranted::Everybody;
}

/// These bundled plugins and nothing else, for tests of other rooms.
pub async fn of_bundled(names: &[&str]) -> Plugins {
    let bundled: Vec<_> = names.iter().map(|name| bundled_plugin(name)).collect();
    start(
        &PluginsConfig::default(),
        &bundled,
        &Arc::new(Mutex::new(Ok(()))),
    )
    .await
}

async fn start(
    config: &PluginsConfig,
    bundled: &[sluice_bundled::Bundled],
    verdict: &Arc<Mutex<Result<(), String>>>,
) -> Plugins {
    let verdict = Arc::clone(verdict);
    let check = Box::new(move |_: &Generation| lock(&verdict).clone());
    Plugins::start(ENGINE.clone(), config.clone(), bundled, check, &|_| {}).await
}

fn bundled_plugin(name: &str) -> sluice_bundled::Bundled {
    let mut plugins = sluice_bundled::PLUGINS.iter();
    *plugins.find(|it| it.name == name).unwrap()
}

/// The echo plugin in a version of its own: same behaviour, other bytes.
fn echo(version: u8) -> Vec<u8> {
    let mut bytes = bundled_plugin("echo").wasm.to_vec();
    // A custom section of three bytes: a name of one, and the version.
    bytes.extend([0, 3, 1, b'v', version]);
    bytes
}

/// The echo plugin with some of its text exchanged.
fn echo_with(text: &str, other: &str) -> Vec<u8> {
    with_text("echo", text, other)
}

/// A bundled plugin with some of its text exchanged.
fn with_text(plugin: &str, text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut bytes = bundled_plugin(plugin).wasm.to_vec();
    let at = bytes
        .windows(text.len())
        .position(|it| it == text.as_bytes());
    let at = at.expect("the text is in the component");
    bytes[at..at + text.len()].copy_from_slice(other.as_bytes());
    bytes
}
