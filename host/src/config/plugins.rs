//! Our own section, `plugins:`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::defaults;
use super::env::Env;
use super::remarks::{Remarks, Taken, hint};
use super::section::{Names, Section, kind};

/// The section.
#[derive(Debug, Clone, Default)]
pub struct PluginsSection {
    pub directory: Option<PathBuf>,
    /// Machine code, last good versions.
    pub data_directory: Option<PathBuf>,
    pub overrides: Vec<String>,
    pub sha256: BTreeMap<String, String>,
    pub grants: BTreeMap<String, Grant>,
    pub ungranted: Ungranted,
    pub isolation: BTreeMap<String, String>,
    /// Plugins that are not taken if they import WASI.
    pub without_wasi: Vec<String>,
    pub limits: PluginLimits,
    pub poll: Option<Duration>,
    pub rollback: Option<(Duration, u64, f64)>,
    pub providers: BTreeMap<String, Row>,
    pub trust: Trust,
}

/// Whose signatures of plugin files count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// `ed25519:` and 32 bytes in base64.
    pub keys: Vec<String>,
    /// A file without a signature of one of them is not loaded.
    pub require: bool,
}

/// What a dropped plugin is allowed.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    pub hosts: Vec<String>,
    pub env: Vec<String>,
    pub private_addresses: bool,
    /// It may have tokens taken out of answers.
    pub capture: bool,
}

/// Dropped plugins that serve without all that they ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ungranted {
    /// One that asks for more than it is granted is not loaded.
    #[default]
    Nobody,
    /// Each is only warned of.
    Everybody,
    /// Those of these names are only warned of.
    Only(BTreeSet<String>),
}

impl Ungranted {
    /// Whether the plugin of this name serves without what it is not granted.
    pub fn may_serve(&self, name: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Only(names) => names.contains(name),
        }
    }

    /// The plugins that are named.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let names = match self {
            Self::Only(names) => Some(names),
            Self::Nobody | Self::Everybody => None,
        };
        names.into_iter().flatten()
    }
}

/// Limits, where they are not the engine's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluginLimits {
    pub memory_mb: Option<u32>,
    pub cpu_ms: Option<u32>,
    pub wall_ms: Option<u32>,
    pub state_kb: Option<u32>,
    pub output_mb: Option<u32>,
    pub concurrency: Option<u32>,
    pub log_lines: Option<u32>,
}

/// A provider as a data row of a plugin.
#[derive(Debug, Clone)]
pub struct Row {
    pub plugin: String,
    pub row: Value,
}

pub const NAMES: Names = Names::known(&[
    "directory",
    "data_directory",
    "override",
    "sha256",
    "grants",
    "ungranted",
    "isolation",
    "wasi",
    "limits",
    "poll_interval",
    "rollback",
    "providers",
    "trust",
]);
pub const GRANT: Names = Names::known(&["hosts", "env", "private_addresses", "capture"]);
pub const TRUST: Names = Names::known(&["keys", "require"]);
pub const ROLLBACK: Names = Names::known(&["window", "min_failures", "factor"]);
pub const LIMITS: Names = Names::known(&[
    "memory_mb",
    "cpu_ms",
    "wall_ms",
    "state_kb",
    "output_mb",
    "concurrency",
    "log_lines",
]);
/// Address space is set aside for this much memory of every instance.
const MAX_MEMORY_MB: u32 = 256;
const ISOLATIONS: &[&str] = &["pooled", "call", "fresh"];
const UNGRANTED: &[&str] = &["warn", "refuse"];

/// Reads the section.
pub fn read(value: Option<Value>, env: &Env, remarks: &mut Remarks) -> PluginsSection {
    let mut section = Section::new("plugins", value, env, remarks);
    let mut result = PluginsSection {
        directory: section.word("directory").map(PathBuf::from),
        data_directory: section.word("data_directory").map(PathBuf::from),
        overrides: section.words("override").unwrap_or_default(),
        sha256: pins(&mut section),
        ungranted: ungranted(&mut section),
        isolation: isolation(&mut section),
        without_wasi: without_wasi(&mut section),
        poll: section.seconds("poll_interval"),
        ..PluginsSection::default()
    };
    let (limits, rollback) = (section.members("limits"), section.members("rollback"));
    let (grants, providers) = (section.members("grants"), section.members("providers"));
    let trust = section.members("trust");
    section.finish(&NAMES);
    result.limits = read_limits(limits, env, remarks);
    result.rollback = rollback.map(|it| read_rollback(it, env, remarks));
    result.trust = trust.map_or_else(Trust::default, |it| read_trust(it, env, remarks));
    for (name, value) in grants.unwrap_or_default() {
        let path = format!("plugins.grants.{name}");
        let grant = read_grant(&path, value, env, remarks);
        result.grants.insert(name, grant);
    }
    for (name, value) in providers.unwrap_or_default() {
        let path = format!("plugins.providers.{name}");
        let row = read_row(&path, value, remarks);
        result.providers.extend(row.map(|row| (name, row)));
    }
    result
}

/// Digests that somebody relies on: one that cannot be read is an error, never left out.
fn pins(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    for (name, value) in section.members("sha256").unwrap_or_default() {
        let digest = value.as_str().map(str::trim).unwrap_or_default();
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        if digest.len() == 64 && digest.bytes().all(|it| it.is_ascii_hexdigit()) {
            pins.insert(name, digest.to_ascii_lowercase());
        } else {
            let text = "is no SHA-256: expected 64 hexadecimal digits in quotes";
            section.say(Taken::Wrong, &format!("sha256.{name}"), text);
        }
    }
    pins
}

/// A rule that somebody relies on: what cannot be read is an error, never the weaker rule.
fn ungranted(section: &mut Section<'_>) -> Ungranted {
    if !section.peek("ungranted").is_some_and(Value::is_object) {
        let word = section.word("ungranted").map(Value::from);
        return match word.is_some_and(|it| is_warned_of(section, "ungranted", &it)) {
            true => Ungranted::Everybody,
            false => Ungranted::Nobody,
        };
    }
    let mut names = section.members("ungranted").unwrap_or_default();
    names.retain(|name, word| is_warned_of(section, &format!("ungranted.{name}"), word));
    Ungranted::Only(names.into_iter().map(|(name, _)| name).collect())
}

fn is_warned_of(section: &mut Section<'_>, at: &str, value: &Value) -> bool {
    let word = value.as_str().unwrap_or_default();
    if !UNGRANTED.contains(&word) {
        let hint = hint(word, UNGRANTED.iter().copied());
        let text = format!("is {value}, expected `warn` or `refuse`{hint}");
        section.say(Taken::Wrong, at, &text);
    }
    word == "warn"
}

fn isolation(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let mut result = BTreeMap::new();
    for (name, value) in section.members("isolation").unwrap_or_default() {
        let word = value.as_str().unwrap_or_default();
        if ISOLATIONS.contains(&word) {
            result.insert(name, word.to_owned());
        } else {
            let hint = hint(word, ISOLATIONS.iter().copied());
            let text = format!("is {value}, expected `pooled`, `call` or `fresh`{hint}");
            section.say(Taken::Wrong, &format!("isolation.{name}"), text);
        }
    }
    result
}

/// The names behind which `off` stands. YAML has had that word for `false`.
fn without_wasi(section: &mut Section<'_>) -> Vec<String> {
    let mut without = Vec::new();
    for (name, value) in section.members("wasi").unwrap_or_default() {
        match (&value, value.as_str()) {
            (Value::Bool(true), _) | (_, Some("on")) => {}
            (Value::Bool(false), _) | (_, Some("off")) => without.push(name),
            _ => {
                let text = format!("is {value}, expected `on` or `off`");
                section.say(Taken::Wrong, &format!("wasi.{name}"), text);
            }
        }
    }
    without
}

fn read_limits(
    value: Option<Map<String, Value>>,
    env: &Env,
    remarks: &mut Remarks,
) -> PluginLimits {
    let mut section = Section::new("plugins.limits", value.map(Value::from), env, remarks);
    let mut limit = |name: &str| {
        let count = section.count(name)?;
        if count == 0 {
            section.say(Taken::Wrong, name, "is `0`, which lets no plugin run");
            return None;
        }
        Some(count)
    };
    let limits = PluginLimits {
        memory_mb: limit("memory_mb"),
        cpu_ms: limit("cpu_ms"),
        wall_ms: limit("wall_ms"),
        state_kb: limit("state_kb"),
        output_mb: limit("output_mb"),
        concurrency: limit("concurrency"),
        log_lines: limit("log_lines"),
    };
    if limits.memory_mb.is_some_and(|it| it > MAX_MEMORY_MB) {
        let text = format!("is more than the {MAX_MEMORY_MB} MiB that an instance can have");
        section.say(Taken::Wrong, "memory_mb", &text);
    }
    section.finish(&LIMITS);
    limits
}

fn read_rollback(
    value: Map<String, Value>,
    env: &Env,
    remarks: &mut Remarks,
) -> (Duration, u64, f64) {
    let mut section = Section::new("plugins.rollback", Some(value.into()), env, remarks);
    let (window, failures, factor) = (
        section.seconds("window"),
        section.count("min_failures"),
        section.number("factor"),
    );
    section.finish(&ROLLBACK);
    (
        window.unwrap_or(defaults::ROLLBACK_WINDOW),
        u64::from(failures.unwrap_or(defaults::ROLLBACK_MIN_FAILURES)),
        factor.unwrap_or(defaults::ROLLBACK_FACTOR),
    )
}

/// Keys that somebody relies on: one that cannot be read is an error, never left out.
fn read_trust(value: Map<String, Value>, env: &Env, remarks: &mut Remarks) -> Trust {
    let mut section = Section::new("plugins.trust", Some(value.into()), env, remarks);
    let given = section.words("keys").unwrap_or_default();
    let trust = Trust {
        keys: given.iter().map(|it| it.trim().to_owned()).collect(),
        require: section.flag("require").unwrap_or(false),
    };
    if let Some(bad) = trust.keys.iter().find(|it| !is_public_key(it)) {
        let text = format!(
            "has {bad:?}, expected `ed25519:` and 32 bytes in base64, as `sluice plugin keygen` writes them"
        );
        section.say(Taken::Wrong, "keys", &text);
    }
    if trust.require && trust.keys.is_empty() {
        let text = "lets no plugin file in, as `plugins.trust.keys` has no key";
        section.say(Taken::Wrong, "require", text);
    }
    section.finish(&TRUST);
    trust
}

fn is_public_key(text: &str) -> bool {
    let bytes = text.strip_prefix("ed25519:").map(|it| STANDARD.decode(it));
    bytes.is_some_and(|it| it.is_ok_and(|it| it.len() == 32))
}

fn read_grant(path: &str, value: Value, env: &Env, remarks: &mut Remarks) -> Grant {
    let mut section = Section::new(path, Some(value), env, remarks);
    let grant = Grant {
        hosts: section.words("hosts").unwrap_or_default(),
        env: section.words("env").unwrap_or_default(),
        private_addresses: section.flag("private_addresses").unwrap_or(false),
        capture: section.flag("capture").unwrap_or(false),
    };
    section.finish(&GRANT);
    grant
}

fn read_row(path: &str, value: Value, remarks: &mut Remarks) -> Option<Row> {
    let Value::Object(mut row) = value else {
        let text = format!("is {}, expected a mapping", kind(&value));
        remarks.say(Taken::Wrong, path, text);
        return None;
    };
    remarks.say(Taken::Honoured, path, "");
    let plugin = match row.shift_remove("plugin") {
        None => defaults::ROW_PLUGIN.to_owned(),
        Some(Value::String(name)) => name,
        Some(other) => {
            let text = format!("is {}, expected the name of a plugin", kind(&other));
            remarks.say(Taken::Wrong, format!("{path}.plugin"), text);
            return None;
        }
    };
    Some(Row {
        plugin,
        row: row.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn section(value: Value) -> (PluginsSection, Vec<String>) {
        let mut remarks = Remarks::default();
        let section = read(Some(value), &Env::default(), &mut remarks);
        let wrong = remarks.0.into_iter().filter(|it| it.taken == Taken::Wrong);
        (section, wrong.map(|it| it.path).collect())
    }

    #[test]
    fn a_whole_section_is_read() {
        let digest = "AB".repeat(32);
        let (read, wrong) = section(json!({
            "directory": "./dropped", "override": "echo", "sha256": {"acme": digest},
            "grants": {"acme": {"hosts": ["api.acme.test"], "env": "ACME_KEY", "private_addresses": "yes",
                "capture": true}},
            "isolation": {"acme": "fresh"}, "wasi": {"acme": "off", "b": false, "c": "on"}, "limits": {"cpu_ms": 100}, "rollback": {"min_failures": 2},
            "providers": {"mine": {"base_url": "https://m.test"}, "other": {"plugin": "acme"}}
        }));
        assert_eq!(wrong, Vec::<String>::new());
        assert_eq!(read.overrides, ["echo"]);
        assert_eq!(read.without_wasi, ["acme", "b"]);
        assert_eq!(read.sha256["acme"], "ab".repeat(32));
        assert!(read.grants["acme"].private_addresses && read.grants["acme"].capture);
        assert_eq!(read.rollback, Some((Duration::from_secs(300), 2, 10.0)));
        assert_eq!(read.providers["mine"].plugin, "openai_compatible");
        assert_eq!(read.providers["other"].plugin, "acme");
        assert_eq!(read.limits.cpu_ms, Some(100));
        let key = format!("ed25519:{}=", "A".repeat(43));
        let (read, wrong) = section(json!({"trust": {"keys": key, "require": true}}));
        assert_eq!((wrong, read.trust.require), (Vec::new(), true));
        assert_eq!(read.trust.keys, [key]);
    }

    #[test]
    fn plugins_without_their_grants_are_refused_unless_the_config_lets_them_serve() {
        let by_name = json!({"acme": "warn", "other": "refuse"});
        for (given, acme, other) in [
            (json!({}), false, false),
            (json!({"ungranted": "refuse"}), false, false),
            (json!({"ungranted": "warn"}), true, true),
            (json!({"ungranted": by_name}), true, false),
        ] {
            let (read, wrong) = section(given);
            let serve = ["acme", "other"].map(|it| read.ungranted.may_serve(it));
            assert_eq!((serve, wrong), ([acme, other], Vec::new()));
        }
        // What cannot be read is never the weaker rule.
        for (given, at) in [
            (json!("warned"), "ungranted"),
            (json!(true), "ungranted"),
            (json!(["acme"]), "ungranted"),
            (json!({"acme": "warned"}), "ungranted.acme"),
            (json!({"acme": true}), "ungranted.acme"),
        ] {
            let (read, wrong) = section(json!({"ungranted": given}));
            assert_eq!(wrong, [format!("plugins.{at}")]);
            assert!(!read.ungranted.may_serve("acme"));
        }
    }

    #[test]
    fn nothing_that_somebody_relies_on_is_left_out_in_silence() {
        let (_, wrong) = section(json!({
            "sha256": {"acme": "abc", "b": 5}, "isolation": {"acme": "pool"}, "wasi": {"acme": "none"},
            "grants": {"acme": ["api.acme.test"]}, "limits": {"memory_mb": 0, "cpu_ms": -1},
            "providers": {"mine": "x", "other": {"plugin": 1}}
        }));
        let (_, too_much) = section(json!({"limits": {"memory_mb": 257}}));
        assert_eq!(too_much, ["plugins.limits.memory_mb"]);
        let expected = [
            "sha256.acme",
            "sha256.b",
            "isolation.acme",
            "wasi.acme",
            "limits.memory_mb",
            "limits.cpu_ms",
            "grants.acme",
            "providers.mine",
            "providers.other.plugin",
        ];
        assert_eq!(wrong, expected.map(|it| format!("plugins.{it}")));
        let (_, wrong) = section(json!({"trust": {"keys": ["ed25519:AAAA"], "require": "yes"}}));
        assert_eq!(wrong, ["plugins.trust.keys"]);
        let (_, wrong) = section(json!({"trust": {"require": true}}));
        assert_eq!(wrong, ["plugins.trust.require"]);
        let (_, wrong) = section(json!({"sha256": ["abc"]}));
        assert_eq!(wrong, ["plugins.sha256"]);
        let (read, wrong) = section(
            json!({"directory": 5, "override": [1], "grants": {"a": {"env": 3, "hosts": true}}}),
        );
        let expected = ["directory", "override", "grants.a.hosts", "grants.a.env"];
        assert_eq!(wrong, expected.map(|it| format!("plugins.{it}")));
        assert_eq!(read.directory, None);
    }
}
