//! Changes of the table: a version comes in, a version goes out. One at a time, and never while a
//! component compiles.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::history::Version;
use super::journal::What;
use super::prepare::{self, Arrival, InstallError};
use super::registry::{Generation, Source, Table};
use super::{InUse, Plugins, lock, table, wanting};

/// What became of a plugin whose file is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vanished {
    /// It does not serve any more.
    Gone,
    /// Deployments use it, so it goes on serving.
    Kept,
}

impl Plugins {
    /// Loads a component and, if it is good, lets it serve. Whatever comes of it is logged here.
    pub(super) async fn install(
        &self,
        arrival: Arrival,
        in_use: &InUse,
    ) -> Result<(), InstallError> {
        self.install_unless(|_| false, arrival, in_use).await
    }

    /// As [`Self::install`]; a refusal that `is_no_news` is kept quiet, and counts as none.
    pub(super) async fn install_unless(
        &self,
        is_no_news: impl Fn(&InstallError) -> bool,
        arrival: Arrival,
        in_use: &InUse,
    ) -> Result<(), InstallError> {
        let (stem, digest) = (arrival.stem.clone(), arrival.digest.clone());
        let is_file = matches!(arrival.source, Source::File(_));
        let outcome = self.try_install(arrival, in_use).await;
        if let Err(cause) = &outcome
            && !is_no_news(cause)
        {
            self.refuse(&stem, &digest, cause);
            if cause.is_in_the_bytes() && is_file {
                let reason = cause.to_string();
                self.on_disk(move |last_good| last_good.quarantine(&digest, &reason))
                    .await;
            }
        }
        outcome
    }

    /// Says why a component does not serve; once, however often it is tried.
    pub(super) fn refuse(&self, stem: &str, digest: &str, cause: &InstallError) {
        if self
            .inner
            .journal
            .said_last(stem, digest, &cause.to_string())
        {
            return;
        }
        tracing::warn!(plugin.name = stem, plugin.digest = digest, %cause, "plugin refused");
        let journal = &self.inner.journal;
        journal.note(stem, digest, What::Refused, cause.to_string());
    }

    async fn try_install(&self, arrival: Arrival, in_use: &InUse) -> Result<(), InstallError> {
        let inner = &self.inner;
        let is_file = matches!(arrival.source, Source::File(_));
        if is_file && let Some(reason) = inner.last_good.why_bad(&arrival.digest) {
            return Err(InstallError::Quarantined(reason));
        }
        let bytes = arrival.bytes.clone();
        let serves = |it: &&Arc<Generation>| {
            it.source == arrival.source && it.plugin.digest() == arrival.digest
        };
        if inner.table.load().plugins.values().any(|it| serves(&it)) {
            return Ok(());
        }
        let kept = is_file.then(|| (arrival.bytes.clone(), arrival.signatures.clone()));
        let config = inner.config.load_full();
        let generation = prepare::prepare(&inner.engine, &config, arrival).await?;
        (inner.check)(&generation).map_err(InstallError::Settings)?;

        let _turn = inner.changing.lock().await;
        // The config may have changed while the component was compiled.
        let config = inner.config.load_full();
        generation.check(&config)?;
        let generation = Arc::new(generation.under(&config));
        let before = inner.table.load_full();
        let there = lock(&inner.present).clone();
        let after = table::insert(&before, &config, &generation, &|path| there.contains(path))?;
        // What nothing grants (a name that is taken) is told before what a line of the config does.
        wanting::check(&generation, &config)?;
        still_served(&before, &after, in_use)?;
        inner.ledger.follow(&generation);
        let missing = wanting::missing(&generation, &config).map(|it| it.told);
        let gone = self.swap(after);
        let same_name = |it: &&Arc<Generation>| it.describe.name == generation.describe.name;
        let old = gone.iter().find(same_name).or(gone.first()).cloned();
        let (name, digest) = (&generation.describe.name, generation.plugin.digest());
        tracing::info!(
            plugin.name = %name, plugin.digest = digest, source = ?generation.source, "plugin loaded"
        );
        if let Some(missing) = &missing {
            tracing::warn!(
                plugin.name = %name, plugin.not_granted = %missing,
                "plugin asks for more than `plugins.grants` gives it: calls that need it are refused"
            );
        }
        let detail = missing.map(|it| format!("not granted: {it}"));
        let detail = detail.unwrap_or_default();
        inner.journal.note(name, digest, What::Loaded, detail);
        if let (Some(file), Some(kept)) = (generation.file_name(), kept) {
            let older = old.as_ref().filter(|old| old.file_name().is_some());
            let older = older.map(|old| old.plugin.digest().to_owned());
            let digest = digest.to_owned();
            self.on_disk(move |last_good| {
                let (bytes, signatures) = &kept;
                last_good.keep(&file, &digest, (bytes, signatures), older.as_deref());
            })
            .await;
        }
        {
            let mut previous = lock(&inner.previous);
            match old {
                Some(old) => drop(previous.insert(name.clone(), old)),
                None => drop(previous.remove(name)),
            }
        }
        if is_file {
            self.remember(&generation, bytes).await;
        }
        Ok(())
    }

    /// Keeps a version that begins to serve, for an operator to go back to.
    async fn remember(&self, generation: &Generation, bytes: bytes::Bytes) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let version = Version {
            digest: generation.plugin.digest().to_owned(),
            version: generation.describe.version.clone(),
            at_ms: at.map_or(0, |it| it.as_millis() as i64),
        };
        let (inner, name) = (Arc::clone(&self.inner), generation.describe.name.clone());
        let keep = move || inner.history.keep(&name, version, &bytes);
        if let Err(cause) = tokio::task::spawn_blocking(keep).await {
            tracing::warn!(%cause, "a plugin version could not be kept");
        }
    }

    /// A plugin's file is gone: the bundled plugin of its name comes back, or it stops serving,
    /// unless deployments would be left without a provider.
    pub(super) async fn vanish(&self, path: &Path, in_use: &InUse) -> Vanished {
        let inner = &self.inner;
        let _turn = inner.changing.lock().await;
        let before = inner.table.load_full();
        let source = Source::File(path.to_owned());
        let Some(generation) = before.plugins.values().find(|it| it.source == source) else {
            return Vanished::Gone;
        };
        let name = generation.describe.name.clone();
        let mut plugins = before.plugins.clone();
        plugins.remove(&name);
        let bundled = lock(&inner.bundled).get(&name).cloned();
        if let Some(bundled) = bundled {
            plugins.insert(name.clone(), self.current(&bundled, &inner.config.load()));
        }
        let after = table::build(plugins, &inner.config.load())
            .and_then(|after| still_served(&before, &after, in_use).map(|()| after));
        let Ok(after) = after else {
            return Vanished::Kept;
        };
        self.swap(after);
        lock(&inner.previous).remove(&name);
        let digest = generation.plugin.digest();
        tracing::info!(plugin.name = %name, plugin.digest = digest, path = %path.display(), "plugin removed");
        inner.journal.note(&name, digest, What::Removed, "");
        Vanished::Gone
    }

    /// Says that a plugin serves on without its file.
    pub(super) fn say_kept(&self, path: &Path) {
        let source = Source::File(path.to_owned());
        let table = self.table();
        if let Some(generation) = table.plugins.values().find(|it| it.source == source) {
            let (name, digest) = (&generation.describe.name, generation.plugin.digest());
            tracing::warn!(
                plugin.name = %name, plugin.digest = digest, path = %path.display(),
                "the plugin's file is gone, but deployments use it: it goes on serving"
            );
            let journal = &self.inner.journal;
            journal.note(name, digest, What::Kept, "its file is gone");
        }
    }

    /// Whether this file's content serves.
    pub(super) fn serves(&self, path: &Path) -> bool {
        let source = Source::File(path.to_owned());
        let table = self.table();
        table.plugins.values().any(|it| it.source == source)
    }

    /// Files that stand in the directory now.
    pub(super) fn set_present(&self, present: HashSet<PathBuf>) {
        *lock(&self.inner.present) = present;
    }

    /// Lets `after` serve, and gives the versions that it no longer has. The caller holds
    /// `changing`.
    pub(super) fn swap(&self, after: Table) -> Vec<Arc<Generation>> {
        let inner = &self.inner;
        let after = Arc::new(after);
        let before = inner.table.swap(Arc::clone(&after));
        let serves = |old: &Arc<Generation>| after.plugins.values().any(|it| Arc::ptr_eq(it, old));
        for generation in after.plugins.values() {
            inner.draining.forget(generation);
            if generation.source == Source::Bundled {
                let name = generation.describe.name.clone();
                lock(&inner.bundled).insert(name, Arc::clone(generation));
            }
        }
        let gone = before.plugins.values().filter(|it| !serves(it));
        let gone: Vec<Arc<Generation>> = gone.cloned().collect();
        for generation in gone.iter().filter(|it| it.source != Source::Bundled) {
            inner.draining.add(generation);
        }
        inner.changed.send_modify(|count| *count += 1);
        gone
    }
}

/// No deployment may be left without its provider, and no entry without its guardrail.
fn still_served(before: &Table, after: &Table, in_use: &InUse) -> Result<(), InstallError> {
    let lost = |name: &String| !after.has(name) && in_use(name);
    match before.names().find(lost) {
        Some(name) => Err(InstallError::Settings(match name.split_once('/') {
            Some((kind, name)) => format!("the {kind} `{name}` is in use, which it does not have"),
            None => format!("deployments use the provider `{name}`, which it does not have"),
        })),
        None => Ok(()),
    }
}
