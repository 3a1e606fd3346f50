//! `sluice plugin` on components that are good and on one that is not.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use sluice::author::documents::Document;
use sluice::author::harness::{self, Terms};
use sluice::author::report::{Report, Verdict};
use sluice::author::subject::Subject;
use sluice::author::{bench, check, inspect, installed, record, signing};
use sluice::cli::{
    AddPlugin, Keygen, LockPlugins, PluginsPlace, RecordPlugin, RemovePlugin, SignPlugin,
    VerifyPlugin,
};
use sluice::config::Env;
use sluice_engine::{Engine, EngineConfig, Limits};
use sluice_tests::upstream::json as reply;
use sluice_tests::{FakeUpstream, guests};
use tempfile::TempDir;

/// Where this test binary keeps what it builds and compiles.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let config = EngineConfig {
        cache_dir: Some(target().join("machine-code")),
        ..EngineConfig::default()
    };
    Engine::new(&config).unwrap()
});

static HOSTILE: LazyLock<Vec<u8>> =
    LazyLock::new(|| guests::build("hostile", &target().join("guests")));

fn bundled(name: &str) -> &'static [u8] {
    let mut plugins = sluice_bundled::PLUGINS.iter();
    plugins.find(|it| it.name == name).unwrap().wasm
}

/// A folder with a component, and what is made of it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        std::fs::write(home.path("mine.wasm"), mine(1)).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn directory(&self) -> PathBuf {
        self.path("installed")
    }

    fn place(&self) -> PluginsPlace {
        PluginsPlace {
            directory: Some(self.directory()),
            config: self.config(),
        }
    }

    fn config(&self) -> Option<PathBuf> {
        let path = self.path("config.yaml");
        path.is_file().then_some(path)
    }

    fn configure(&self, plugins: &Value) {
        let config = json!({"model_list": [], "plugins": plugins});
        std::fs::write(self.path("config.yaml"), config.to_string()).unwrap();
    }

    fn add_options(&self, yes: bool) -> AddPlugin {
        AddPlugin {
            file: self.path("mine.wasm"),
            place: self.place(),
            yes,
        }
    }

    /// What comes of adding without asking.
    async fn add(&self) -> String {
        match installed::add(&ENGINE, &self.add_options(true), &mut |_| None).await {
            Ok(told) => told.text,
            Err(cause) => cause.to_string(),
        }
    }

    async fn lock(&self, check: bool) -> (bool, String) {
        let place = self.place();
        let told = installed::lock(&ENGINE, &LockPlugins { place, check }).await;
        let told = told.unwrap();
        (told.is_good, told.text)
    }

    /// A new key, and the component signed with it. Gives the public key.
    fn sign(&self, name: &str) -> String {
        let name = self.path(name);
        signing::keygen(&Keygen { name: name.clone() }).unwrap();
        let key = name.with_extension("key");
        let file = self.path("mine.wasm");
        signing::sign(&SignPlugin { file, key }).unwrap();
        let public = std::fs::read_to_string(name.with_extension("pub")).unwrap();
        public.trim().to_owned()
    }

    fn verify(&self, key: &[&str]) -> (bool, String) {
        let told = signing::verify(&VerifyPlugin {
            file: self.path("mine.wasm"),
            key: key.iter().map(|it| (*it).to_owned()).collect(),
            config: self.config(),
        });
        match told {
            Ok(told) => (told.is_good, told.text),
            Err(cause) => (false, cause.to_string()),
        }
    }
}

/// The hostile guest, which does nothing unasked, as `minimal` and in a version of its own.
fn mine(version: u8) -> Vec<u8> {
    let mut bytes = HOSTILE.clone();
    let (from, to) = (b"\"hostile\"", b"\"minimal\"");
    while let Some(at) = bytes.windows(from.len()).position(|it| it == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    // A custom section of three bytes: a name of one, and the version.
    bytes.extend([0, 3, 1, b'v', version]);
    bytes
}

/// What the harness says of the hostile guest when it does this.
async fn judged(deed: &str) -> Report {
    let subject = Subject::of(&ENGINE, "hostile", HOSTILE.clone().into()).await;
    let value = json!({"name": deed, "provider": "hostile", "operation": "chat", "model": deed,
        "secrets": ["api_key"], "body": {"messages": [{"role": "user", "content": "hello"}]},
        "exchanges": [{"reply": {"status": 200, "body": "{}"}}], "expect": {}});
    let document = Document {
        origin: "fixture.json".into(),
        value,
    };
    let limits = Limits {
        cpu: Duration::from_millis(60),
        ..Limits::default()
    };
    let terms = Terms {
        limits,
        ..Terms::default()
    };
    harness::run(&subject.unwrap(), &[document], &terms).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_does_what_none_should_fails_with_the_reason() {
    for (deed, row, reason) in [
        ("trap", "fixtures pass", "crashed"),
        ("loop", "fixtures pass", "60 ms"),
        ("bomb", "fixtures pass", "64 MiB"),
        ("large-state", "fixtures pass", "state"),
        ("undeclared-host", "hosts", "undeclared.example"),
        ("metadata-address", "hosts", "169.254.169.254"),
        ("unknown-secret", "secrets", "master_key"),
        ("remember", "fresh and used", "globals"),
        ("gossip", "two callers", "another one said"),
    ] {
        let report = judged(deed).await;
        let said = report.wrongs(row);
        assert!(
            said.iter().any(|it| it.contains(reason)),
            "{deed}: {}",
            report.render()
        );
    }
    // What is declared is no breach, and what it cannot read it does not tell.
    let report = judged("ungranted-host").await;
    assert_eq!(report.wrongs("hosts"), Vec::<&str>::new());
    assert_eq!(
        judged("environment").await.wrongs("environment"),
        Vec::<&str>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_without_a_fixture_is_not_called_good() {
    let subject = Subject::of(&ENGINE, "hostile", HOSTILE.clone().into()).await;
    let report = harness::run(&subject.unwrap(), &[], &Terms::default()).await;
    assert!(report.wrongs("fixtures")[0].contains("--fixtures"));
    let misfit = Document {
        origin: "odd.json".into(),
        value: json!({"name": "odd", "provider": "echo", "expekt": {}}),
    };
    let subject = Subject::of(&ENGINE, "echo", bundled("echo").into()).await;
    let report = harness::run(&subject.unwrap(), &[misfit], &Terms::default()).await;
    assert!(
        report.wrongs("fixtures fit")[0].contains("odd.json"),
        "{}",
        report.render()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_a_component_is_and_what_is_wrong_with_one_that_is_none() {
    let home = Home::new();
    let report = check::check(&ENGINE, &home.path("mine.wasm"))
        .await
        .unwrap();
    assert!(report.is_good(), "{}", report.render());
    assert!(
        report.render().contains("own deployments"),
        "{}",
        report.render()
    );

    let with = |bytes: &[u8]| {
        let path = home.path("odd.wasm");
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let core = check::check(&ENGINE, &with(b"\0asm\x01\0\0\0"))
        .await
        .unwrap();
    assert!(core.wrongs("contract")[0].contains("wasm32-wasip2"));
    let text = check::check(&ENGINE, &with(b"hello")).await.unwrap();
    assert!(text.wrongs("contract")[0].contains("not a WebAssembly component"));
    let mut liar = HOSTILE.clone();
    let (from, to) = (b"\"operations\":{", b"\"operationz\":{");
    let at = liar.windows(from.len()).position(|it| it == from).unwrap();
    liar[at..at + to.len()].copy_from_slice(to);
    let report = check::check(&ENGINE, &with(&liar)).await.unwrap();
    let said = report.wrongs("describe").join("\n");
    assert!(
        said.contains("/providers/0") && said.contains("operationz"),
        "{said}"
    );
    let missing = check::check(&ENGINE, &home.path("none.wasm")).await;
    assert!(missing.unwrap_err().to_string().contains("none.wasm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_and_bench_tell_of_a_component() {
    let subject = Subject::of(&ENGINE, "echo", bundled("echo").into()).await;
    let subject = subject.unwrap();
    let text = inspect::text(&subject, "nobody");
    assert!(
        text.contains("name         echo") && text.contains("signatures   nobody"),
        "{text}"
    );
    let document = inspect::document(&subject, &[]);
    assert_eq!(document["describe"]["name"], "echo");
    assert_eq!(document["sha256"], subject.digest);

    let measured = bench::bench(&subject, &[], &Limits::default(), 3)
        .await
        .unwrap();
    let memory = measured.rows.iter().find(|it| it.what == "memory").unwrap();
    assert_eq!(memory.verdict, Verdict::Fine);
    assert!(memory.detail.contains("of 64.0 MiB"), "{}", memory.detail);
    let hostile = Subject::of(&ENGINE, "hostile", HOSTILE.clone().into()).await;
    let nothing = bench::bench(&hostile.unwrap(), &[], &Limits::default(), 3).await;
    assert!(nothing.unwrap_err().to_string().contains("--fixtures"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_comes_in_when_somebody_agreed_and_goes_when_it_is_told() {
    let home = Home::new();
    let options = home.add_options(false);
    let unasked = installed::add(&ENGINE, &options, &mut |_| None).await;
    let unasked = unasked.unwrap_err().to_string();
    assert!(
        unasked.contains("--yes") && unasked.contains("sees "),
        "{unasked}"
    );
    let refused = installed::add(&ENGINE, &options, &mut |_| Some(false))
        .await
        .unwrap();
    assert!(!refused.is_good && !home.directory().exists());
    let mut question = String::new();
    let mut agree = |asked: &str| {
        asked.clone_into(&mut question);
        Some(true)
    };
    let added = installed::add(&ENGINE, &options, &mut agree).await.unwrap();
    assert!(
        added.is_good && question.contains("minimal ") && question.contains("sha256"),
        "{question}"
    );
    assert!(home.directory().join("minimal.wasm").exists());

    // A new version takes the place of the old one, and says so.
    std::fs::write(home.path("mine.wasm"), mine(2)).unwrap();
    let again = home.add().await;
    assert!(again.contains("replaces     version"), "{again}");
    let listed = installed::list(&ENGINE, &home.place()).await.unwrap();
    assert!(
        listed.is_good && listed.text.contains("minimal.wasm: minimal "),
        "{}",
        listed.text
    );
    assert!(
        listed.text.contains(", locked, not signed"),
        "{}",
        listed.text
    );

    let name = |name: &str| RemovePlugin {
        name: name.into(),
        place: home.place(),
    };
    let wrong = |it: &str| installed::remove(&name(it)).unwrap_err().to_string();
    assert!(wrong("other").contains("there are minimal.wasm"));
    assert!(wrong("openai").contains("ships inside"));
    installed::remove(&name("minimal")).unwrap();
    assert!(!home.directory().join("minimal.wasm").exists());
    assert!(home.lock(true).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_lacks_is_told_before_and_after_it_comes_in_with_the_line_that_grants_it() {
    let home = Home::new();
    home.configure(&json!({}));
    let missing = "not granted  hosts declared.example; env HOSTILE_API_KEY";
    let unasked = installed::add(&ENGINE, &home.add_options(false), &mut |_| None).await;
    let unasked = unasked.unwrap_err().to_string();
    assert!(unasked.contains(missing), "{unasked}");
    let said = home.add().await;
    assert!(said.contains("does not serve until"), "{said}");

    // What it prints is a config, and does it.
    let (_, lines) = said.split_once("\n\nplugins:").unwrap();
    let text = format!("model_list: []\nplugins:{lines}\n");
    std::fs::write(home.path("config.yaml"), text).unwrap();
    let said = home.add().await;
    assert!(
        said.contains("declared.example") && !said.contains("grant"),
        "{said}"
    );

    // A part of it is kept in the line that grants the rest.
    let part = json!({"minimal": {"env": ["HOSTILE_API_KEY"], "capture": true}});
    home.configure(&json!({"grants": part, "ungranted": {"minimal": "warn"}}));
    let said = home.add().await;
    for words in [
        "not granted  hosts declared.example\n",
        "serves without",
        r#""minimal": {"hosts":["declared.example"],"env":["HOSTILE_API_KEY"],"capture":true}"#,
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_config_speaks_against_does_not_come_in() {
    let home = Home::new();
    std::fs::write(home.path("mine.wasm"), bundled("echo")).unwrap();
    assert!(home.add().await.contains("plugins.override"));
    home.configure(&json!({"override": ["echo"], "sha256": {"echo": "ab".repeat(32)}}));
    assert!(home.add().await.contains("plugins.sha256.echo"));
    home.configure(&json!({"override": ["echo"], "trust": {"require": true}}));
    assert!(home.add().await.contains("plugins.trust.require"));
    home.configure(&json!({}));
    std::fs::write(home.path("mine.wasm"), b"hello").unwrap();
    assert!(home.add().await.contains("not installed"));
    assert!(!home.directory().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_held_against_what_is_there() {
    let home = Home::new();
    home.add().await;
    assert!(home.lock(true).await.0);
    std::fs::write(home.directory().join("minimal.wasm"), mine(3)).unwrap();
    let (is_good, said) = home.lock(true).await;
    assert!(
        !is_good && said.contains("minimal.wasm has the sha256"),
        "{said}"
    );
    let (is_good, said) = home.lock(false).await;
    assert!(
        is_good && said.contains(&sluice::plugins::digest(&mine(3))),
        "{said}"
    );
    assert!(home.lock(true).await.0);
    std::fs::write(home.directory().join("also.wasm"), mine(4)).unwrap();
    let place = home.place();
    let both = installed::lock(
        &ENGINE,
        &LockPlugins {
            place,
            check: false,
        },
    )
    .await;
    assert!(both.unwrap_err().to_string().contains("are both `minimal`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_counts_for_one_key_and_one_component() {
    let home = Home::new();
    assert!(
        home.verify(&[]).1.contains("config"),
        "{}",
        home.verify(&[]).1
    );
    let first = home.sign("first");
    let second = home.sign("second");
    for key in [&first, &second] {
        assert!(home.verify(&[key]).0, "{}", home.verify(&[key]).1);
    }
    let public = home.path("first.pub").display().to_string();
    assert!(home.verify(&[&public]).0);
    assert!(home.verify(&["ed25519:no"]).1.contains("keygen"));
    let twice = signing::keygen(&Keygen {
        name: home.path("first"),
    });
    assert!(twice.unwrap_err().to_string().contains("is there already"));
    let no_key = signing::sign(&SignPlugin {
        file: home.path("mine.wasm"),
        key: home.path("first.pub"),
    });
    assert!(no_key.unwrap_err().to_string().contains("no secret key"));

    home.configure(&json!({"trust": {"keys": [second], "require": true}}));
    assert!(home.verify(&[]).0);
    assert!(home.add().await.contains("installed as"));
    assert!(home.directory().join("minimal.wasm.sig").exists());

    std::fs::write(home.path("mine.wasm"), mine(2)).unwrap();
    assert!(home.verify(&[&first]).1.contains("of this component"));
    assert!(home.add().await.contains("plugins.trust.require"));
    let third = home.sign("third");
    assert!(home.verify(&[&first]).1.contains(&third));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_exchange_becomes_a_fixture_without_its_key() {
    const KEY: &str = "k-0123456789abcdef";
    let upstream = FakeUpstream::start(|_| async {
        let text = json!({"type": "text", "text": format!("your key is {KEY}")});
        let usage = json!({"input_tokens": 3, "output_tokens": 4});
        let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "c",
            "content": [text], "stop_reason": "end_turn", "usage": usage});
        reply(200, &message)
    })
    .await;
    let home = Home::new();
    let body = json!({"messages": [{"role": "user", "content": "hello"}], "max_tokens": 9});
    std::fs::write(home.path("body.json"), body.to_string()).unwrap();
    let options = RecordPlugin {
        file: home.path("anthropic.wasm"),
        body: home.path("body.json"),
        out: home.path("fixture.json"),
        model: "c".into(),
        provider: None,
        operation: "chat".into(),
        api_base: Some(upstream.url.clone()),
        secret: Vec::new(),
        name: None,
    };
    let subject = Subject::of(&ENGINE, "anthropic", bundled("anthropic").into()).await;
    let subject = subject.unwrap();
    let keyless = record::record(&subject, &options, &Env::default()).await;
    assert!(keyless.unwrap_err().to_string().contains("--secret"));
    let env = Env::of(&[("ANTHROPIC_API_KEY", KEY)]);
    record::record(&subject, &options, &env).await.unwrap();

    let text = std::fs::read_to_string(&options.out).unwrap();
    assert!(
        !text.contains(KEY) && text.contains("your key is ***"),
        "{text}"
    );
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["expect"]["response"]["usage"]["total_tokens"], 7,
        "{text}"
    );
    let document = Document {
        origin: "fixture.json".into(),
        value,
    };
    let report = harness::run(&subject, &[document], &Terms::default()).await;
    assert!(report.is_good(), "{}", report.render());
    let again = record::record(&subject, &options, &env).await;
    assert!(again.unwrap_err().to_string().contains("is there already"));
}
