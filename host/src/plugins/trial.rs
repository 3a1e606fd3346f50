//! A component looked at before it serves: what it says of itself, what its examples come to, and
//! what speaks against it. Nothing of it serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use super::prepare::{self, Arrival, InstallError, SELF_TEST};
use super::registry::{Generation, Source};
use super::{Plugins, digest, examples, lock, snapshot, table, wanting};

/// What it is called until it has said its own name.
const UNNAMED: &str = "component";

/// What is known of a component that does not serve.
pub struct Trial {
    pub digest: String,
    pub bytes: Bytes,
    /// None: it did not come to say what it is.
    pub generation: Option<Arc<Generation>>,
    pub examples: Vec<Example>,
    /// Why it would not be taken.
    pub refusal: Option<InstallError>,
}

/// What one of its examples came to.
pub struct Example {
    pub name: String,
    /// What is not as expected.
    pub fault: Option<String>,
}

impl Plugins {
    /// Compiles a component, has it describe itself, runs its examples and holds it against what
    /// serves, as for a file in the plugins directory.
    pub async fn try_out(&self, bytes: Bytes) -> Trial {
        let mut trial = Trial {
            digest: digest(&bytes),
            bytes,
            generation: None,
            examples: Vec::new(),
            refusal: None,
        };
        if let Some(reason) = self.inner.last_good.why_bad(&trial.digest) {
            trial.refusal = Some(InstallError::Quarantined(reason));
            return trial;
        }
        trial.refusal = self.judge(&mut trial).await.err();
        trial
    }

    async fn judge(&self, trial: &mut Trial) -> Result<(), InstallError> {
        let inner = &self.inner;
        let config = inner.config.load_full();
        let arrival = Arrival {
            stem: UNNAMED.to_owned(),
            digest: trial.digest.clone(),
            bytes: trial.bytes.clone(),
            // An upload brings none: where they are required, the signature file lies there already.
            signatures: String::new(),
            source: Source::File(PathBuf::from(UNNAMED)),
        };
        let mut generation = prepare::load(&inner.engine, &config, arrival).await?;
        let name = &generation.describe.name;
        let place = config.directory.as_deref().map(|it| self.place(it, name));
        if let Some(Ok(place)) = &place {
            generation.stem = super::directory::stem(place);
            generation.source = Source::File(place.clone());
        }
        let generation = Arc::new(generation);
        trial.generation = Some(Arc::clone(&generation));
        trial.examples = run_all(&generation).await;
        if let Some(failed) = trial.examples.iter().find(|it| it.fault.is_some()) {
            let fault = failed.fault.clone().unwrap_or_default();
            return Err(InstallError::Example(fault));
        }
        place.transpose()?;
        generation.check(&config)?;
        (inner.check)(&generation).map_err(InstallError::Settings)?;
        let there = lock(&inner.present).clone();
        let before = inner.table.load_full();
        table::insert(&before, &config, &generation, &|path| there.contains(path))?;
        wanting::check(&generation, &config)
    }

    /// The file in which a plugin of this name lies or would lie.
    pub(super) fn place(&self, directory: &Path, name: &str) -> Result<PathBuf, InstallError> {
        let table = self.table();
        let serving = table.plugins.get(name).map(|it| &it.source);
        if let Some(Source::File(path)) = serving {
            return Ok(path.clone());
        }
        let path = directory.join(format!("{name}.wasm"));
        let source = Source::File(path.clone());
        let other = table.plugins.values().find(|it| it.source == source);
        match other {
            Some(other) => Err(InstallError::Clash(format!(
                "{} is the file of the plugin `{}`",
                path.display(),
                other.describe.name
            ))),
            // A file with a dot before its name is nobody's plugin.
            None if name.starts_with('.') => Err(InstallError::Clash(format!(
                "the name `{name}` begins with a dot, and hidden files are not loaded"
            ))),
            None => Ok(path),
        }
    }

    /// A trial as an operator reads it.
    pub fn show(&self, trial: &Trial) -> Value {
        let mut shown = json!({
            "digest": trial.digest, "bytes": trial.bytes.len(),
            "refusal": trial.refusal.as_ref().map(ToString::to_string),
            "examples": trial.examples.iter().map(|it| {
                json!({"name": it.name, "passes": it.fault.is_none(), "fault": it.fault})
            }).collect::<Vec<_>>(),
        });
        if let (Some(generation), Some(members)) = (&trial.generation, shown.as_object_mut()) {
            members.extend(self.described(generation));
        }
        shown
    }

    fn described(&self, generation: &Arc<Generation>) -> Map<String, Value> {
        let config = self.inner.config.load_full();
        let name = generation.describe.name.clone();
        // What it would be granted does not hang on the others.
        let alone = BTreeMap::from([(name.clone(), Arc::clone(generation))]);
        let alone = table::build(alone, &config).unwrap_or_default();
        let replaces = self.table().plugins.get(&name).map(|old| {
            let source = match &old.source {
                Source::Bundled => "bundled".to_owned(),
                Source::File(path) => path.display().to_string(),
            };
            json!({"version": old.describe.version, "digest": old.plugin.digest(), "source": source})
        });
        let inspection = generation.plugin.inspection();
        let members = [
            ("name", json!(name)),
            ("version", json!(generation.describe.version)),
            ("summary", json!(generation.describe.summary)),
            ("kind", json!(generation.plugin.kind().as_str())),
            ("contract", json!(generation.plugin.contract_version())),
            ("imports", json!(inspection.imports)),
            ("replaces", json!(replaces)),
            ("providers", snapshot::providers(&alone, generation)),
            ("guardrails", snapshot::hooks(&alone.guardrails, generation)),
            ("callbacks", snapshot::hooks(&alone.callbacks, generation)),
        ];
        let named = members.into_iter();
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// Every example, each to its end, within the time that all of them have.
async fn run_all(generation: &Generation) -> Vec<Example> {
    let until = Instant::now() + SELF_TEST;
    let mut ran = Vec::new();
    for example in &generation.describe.examples {
        let run = examples::run_one(&generation.plugin, &generation.describe, example);
        let fault = match timeout_at(until, run).await {
            Ok(done) => done.err(),
            Err(_) => Some(format!(
                "is not reached: all of them take longer than {} s",
                SELF_TEST.as_secs()
            )),
        };
        let name = example.get("name").and_then(Value::as_str);
        ran.push(Example {
            name: name.unwrap_or_default().to_owned(),
            fault,
        });
    }
    ran
}
