//! Every shipped plugin, as the component that it ships as, held to what `sluice plugin test` holds
//! an author's to: its document, its examples and fixtures, which the plugins' own tests run
//! natively, and the contract. Recorded traffic goes through the same components in `tests/traffic`.

use std::path::Path;

use sluice::author::documents::{Document, read_folder};
use sluice::author::harness::{self, Terms};
use sluice::author::subject::Subject;
use sluice_engine::{CONTRACT_VERSION, Engine, EngineConfig};

use crate::root;

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
    let mut wrong = Vec::new();
    for bundled in sluice_bundled::PLUGINS {
        let opened = Subject::of(&engine, bundled.name, bundled.wasm.into()).await;
        let subject = opened.unwrap();
        assert_eq!(
            subject.plugin.contract_version(),
            CONTRACT_VERSION,
            "{}",
            bundled.name
        );
        assert_eq!(subject.describe.name, bundled.name);
        assert!(
            !subject.describe.examples.is_empty(),
            "{} has no examples",
            bundled.name
        );
        let report = harness::run(&subject, &fixtures(bundled.name), &Terms::default()).await;
        if !report.is_good() {
            wrong.push(format!("{}\n{}", bundled.name, report.render()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn fixtures(plugin: &str) -> Vec<Document> {
    let folder = root().join("plugins").join(plugin).join("fixtures");
    if !folder.is_dir() {
        // What nobody has recorded has none.
        return Vec::new();
    }
    let mut documents = read_folder(&folder).unwrap();
    // Recorded bodies lie beside the fixtures that use them.
    documents.retain(|it| it.value.get("expect").is_some());
    documents
}
