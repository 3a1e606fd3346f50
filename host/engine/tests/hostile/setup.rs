//! How the engine is set up, and what it refuses before a line of a guest runs.

use sluice_engine::{Engine, EngineConfig, Isolation, Limits, LoadError, Settings, inspect};

use crate::guest::{GUEST, ask, load_with, said, with};

#[tokio::test]
async fn machine_code_is_cached_and_a_damaged_file_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("cache");
    let config = EngineConfig {
        cache_dir: Some(directory.clone()),
        ..EngineConfig::default()
    };
    for damage in [false, false, true, false] {
        if damage {
            let file = std::fs::read_dir(&directory)
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            std::fs::write(file, b"not machine code").unwrap();
        }
        let plugin = Engine::new(&config)
            .unwrap()
            .load("hostile", GUEST.clone(), Settings::default())
            .await
            .unwrap();
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
    }
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(
        Engine::new(&config)
            .err()
            .unwrap()
            .to_string()
            .contains("others may write")
    );
}

#[tokio::test]
async fn machine_code_that_is_shipped_is_read_and_never_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (shipped, own) = (folder.path().join("shipped"), folder.path().join("own"));
    let names = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let load = async |config: EngineConfig| {
        let engine = Engine::new(&config).unwrap();
        assert!(engine.keeps_code());
        let loaded = engine.load("hostile", GUEST.clone(), Settings::default());
        assert_eq!(
            ask(&loaded.await.unwrap(), "fine").await.unwrap(),
            said("fine")
        );
    };
    load(EngineConfig {
        cache_dir: Some(shipped.clone()),
        ..EngineConfig::default()
    })
    .await;
    let made = names(&shipped);
    let config = EngineConfig {
        cache_dir: Some(own.clone()),
        shipped_dir: Some(shipped.clone()),
        ..EngineConfig::default()
    };
    load(config.clone()).await;
    assert_eq!((names(&shipped).len(), names(&own).len()), (1, 0));
    // What is no code of this engine is made anew, where it is the gateway's to write.
    std::fs::write(shipped.join(&made[0]), b"not machine code").unwrap();
    load(config.clone()).await;
    assert_eq!((names(&shipped), names(&own)), (made.clone(), made));
    std::fs::set_permissions(&shipped, std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Engine::new(&config).err().unwrap().to_string();
    assert!(refused.contains("others may write"), "{refused}");
    let missing = EngineConfig {
        shipped_dir: Some(folder.path().join("none")),
        ..EngineConfig::default()
    };
    assert!(!Engine::new(&missing).unwrap().keeps_code());
}

#[tokio::test]
async fn machine_code_of_another_engine_or_half_written_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let config = EngineConfig {
        cache_dir: Some(folder.path().to_owned()),
        ..EngineConfig::default()
    };
    let files = || -> Vec<String> {
        let all = std::fs::read_dir(folder.path()).unwrap().flatten();
        let mut names: Vec<String> = all
            .map(|it| it.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let load = async || {
        let engine = Engine::new(&config).unwrap();
        let loaded = engine.load("hostile", GUEST.clone(), Settings::default());
        let plugin = loaded.await.unwrap();
        assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    };
    load().await;
    let [own] = &files()[..] else {
        panic!("{:?}", files());
    };
    // The name says whose code it is: the component's hash, and that of the engine which can run it.
    let (component, engine) = own.split_once('-').unwrap();
    assert_eq!(component.len(), 64);
    let others = format!(
        "{component}-{}.cwasm",
        "0".repeat(engine.len() - ".cwasm".len())
    );
    let part = format!("{own}.1.part");
    std::fs::rename(folder.path().join(own), folder.path().join(&others)).unwrap();
    std::fs::write(folder.path().join(&part), b"half").unwrap();
    load().await;
    let mut all = vec![others, own.clone(), part];
    all.sort();
    assert_eq!(files(), all);
}

#[tokio::test(flavor = "current_thread")]
async fn the_runtime_s_threads_go_on_while_a_component_compiles() {
    let engine = Engine::new(&EngineConfig::default()).unwrap();
    let load = engine.load("hostile", GUEST.clone(), Settings::default());
    let mut load = std::pin::pin!(load);
    let mut turns = 0u64;
    let plugin = loop {
        tokio::select! {
            biased;
            loaded = &mut load => break loaded.unwrap(),
            () = tokio::task::yield_now() => turns += 1,
        }
    };
    // The only thread there is had other things to do all the time.
    assert!(turns > 100, "{turns}");
    assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
}

#[test]
fn another_version_is_refused_before_it_is_compiled() {
    let error = inspect(&with("@0.1.0", "@9.9.9")).unwrap_err();
    assert!(
        matches!(&error, LoadError::Version { found, .. } if found == "9.9.9"),
        "{error}"
    );
    let error = inspect(&with("sluice:plugin/provider@", "sluice:plugin/provided@")).unwrap_err();
    assert!(matches!(error, LoadError::NoContract { .. }), "{error}");
}

#[test]
fn a_forbidden_import_is_named() {
    let error = inspect(&with("wasi:cli/stderr@", "wasi:www/stderr@")).unwrap_err();
    assert!(
        matches!(&error, LoadError::ForbiddenImport(name) if name.starts_with("wasi:www/stderr")),
        "{error}"
    );
}

#[tokio::test]
async fn without_address_space_for_a_pool_instances_are_made_on_demand() {
    let pooled = EngineConfig::default();
    assert!(Engine::new(&pooled).unwrap().is_pooled());
    // More than any machine can reserve.
    let config = EngineConfig {
        max_instances: 100_000,
        ..EngineConfig::default()
    };
    assert!(!Engine::new(&config).unwrap().is_pooled());
    let plugin = load_with(&config, GUEST.clone(), Isolation::Pooled, Limits::default()).await;
    assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
    assert!(ask(&plugin, "trap").await.is_err());
    assert_eq!(ask(&plugin, "fine").await.unwrap(), said("fine"));
}
