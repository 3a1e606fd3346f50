//! Every shipped plugin, as the component that it ships as: the contract it was built for, what it
//! imports, its document, its examples, and its fixtures, which the plugins' own tests run
//! natively. Recorded traffic goes through the same components in `tests/traffic`.

use std::path::Path;

use sluice::plugins::describe::Describe;
use sluice_engine::contract::{Call, Decoded, Error, Frame, Head, Reply, Step};
use sluice_engine::{CONTRACT_VERSION, Engine, EngineConfig, Plugin, Session, Settings, inspect};
use sluice_fixture::{Chunking, Fixture};

use crate::root;

mod driver {
    sluice_fixture::runner!(sluice_engine::contract);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shipped_plugin_keeps_the_contract() {
    // Machine code is kept beside what is built: most runs change few components.
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine-code");
    let config = EngineConfig {
        cache_dir: Some(kept),
        ..EngineConfig::default()
    };
    let engine = Engine::new(&config).unwrap();
    assert!(sluice_bundled::PLUGINS.len() >= 5);
    for bundled in sluice_bundled::PLUGINS {
        let inspection = inspect(bundled.wasm).unwrap();
        assert_eq!(inspection.version, CONTRACT_VERSION, "{}", bundled.name);
        let loaded = engine.load(bundled.name, bundled.wasm.to_vec(), Settings::default());
        let plugin = loaded.await.unwrap();
        let described = plugin.describe().await.unwrap();
        assert_eq!(
            described,
            plugin.describe().await.unwrap(),
            "`describe` of {} is not always the same",
            bundled.name
        );
        let describe = Describe::parse(&described).unwrap();
        assert_eq!(describe.name, bundled.name);
        assert!(
            !describe.examples.is_empty(),
            "{} has no examples",
            bundled.name
        );
        let fixtures = fixtures(bundled.name);
        for document in describe.examples.iter().cloned().chain(fixtures) {
            if describe.providers.is_empty() {
                let run = sluice::plugins::run_hook_example(&plugin, &document).await;
                assert_eq!(run, Ok(()), "{}", bundled.name);
            } else {
                keeps(&plugin, document).await;
            }
        }
    }
}

fn fixtures(plugin: &str) -> Vec<serde_json::Value> {
    let folder = root().join("plugins").join(plugin).join("fixtures");
    let mut found = Vec::new();
    // What nobody has recorded has none.
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files {
        if file.path().extension().is_some_and(|it| it == "json") {
            let text = std::fs::read_to_string(file.path()).unwrap();
            found.push(serde_json::from_str(&text).unwrap());
        }
    }
    found
}

async fn keeps(plugin: &Plugin, document: serde_json::Value) {
    let fixture: Fixture = serde_json::from_value(document).unwrap();
    for chunking in [Chunking::Whole, Chunking::Random(7)] {
        let mut component = Component(plugin.session());
        let run = driver::run(&mut component, &fixture, chunking).await;
        assert_eq!(run, Ok(()), "{}: {}", plugin.name(), fixture.name);
    }
}

struct Component(Session);

impl driver::Exports for Component {
    async fn start(&mut self, call: &Call, body: &str) -> Result<Result<Step, Error>, String> {
        let started = self.0.start(call, &body.to_owned()).await;
        started.map_err(|cause| cause.to_string())
    }

    async fn resume(
        &mut self,
        call: &Call,
        replies: Vec<Reply>,
    ) -> Result<Result<Step, Error>, String> {
        let resumed = self.0.resume(call, &replies).await;
        resumed.map_err(|cause| cause.to_string())
    }

    async fn decode(
        &mut self,
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Result<Decoded, Error>, String> {
        let decoded = self.0.decode(head.as_ref(), &state, &frames, last).await;
        decoded.map_err(|cause| cause.to_string())
    }

    async fn map_error(&mut self, call: &Call, reply: &Reply) -> Result<Option<Error>, String> {
        let mapped = self.0.map_error(call, reply).await;
        mapped.map_err(|cause| cause.to_string())
    }
}
