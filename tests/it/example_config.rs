//! The example config, which a newcomer starts with.

use sluice::config::{Config, Env, Taken};

use crate::root;

#[test]
fn the_example_config_has_nothing_to_remark_but_missing_keys() {
    let (config, remarks) =
        Config::load(&root().join("config.example.yaml"), Env::default()).unwrap();
    let said: Vec<_> = remarks
        .iter()
        .filter(|it| it.taken != Taken::Honoured)
        .collect();
    assert!(
        said.iter()
            .all(|it| it.text.contains("environment variable")),
        "{said:?}"
    );
    assert!(config.groups.resolve("demo").is_some());
}
