//! `litellm_settings.cache` and `cache_params`: whether answers are kept, which, where and for whom.
//! Read here, understood by `cache`.

use std::time::Duration;

use serde_json::Value;

use super::defaults::{CACHE_BYTES, CACHE_ENTRY_BYTES, CACHE_TTL, LONGEST_CACHE_TTL};
use super::env::Env;
use super::redis_address::RedisAddress;
use super::remarks::{Remarks, Taken, hint};
use super::section::{Names, Section};

const SECTION: &str = "litellm_settings.cache_params";

/// Keys of `cache_params`.
const NAMES: Names = Names {
    known: &[
        "type",
        "mode",
        "ttl",
        "default_in_memory_ttl",
        "default_in_redis_ttl",
        "namespace",
        "supported_call_types",
        "host",
        "port",
        "username",
        "password",
        "db",
        "ssl",
        "url",
        "sentinel_nodes",
        "service_name",
        "sentinel_password",
        "share",
        "coalesce",
        "max_size_mb",
        "max_entry_mb",
    ],
    accepted: &["max_connections", "socket_timeout"],
    unenforced: &[],
};

/// Beginnings and ends of keys that belong to kinds of cache that are not here.
const OF_OTHERS: [&str; 6] = [
    "s3_",
    "gcs_",
    "azure_",
    "qdrant_",
    "disk_",
    "redis_semantic_",
];
const OTHERS: [&str; 2] = ["similarity_threshold", "redis_startup_nodes"];

/// LiteLLM's names of calls, and the operations that they are.
const CALL_TYPES: [(&str, &str); 18] = [
    ("completion", "chat"),
    ("acompletion", "chat"),
    ("text_completion", "completions"),
    ("atext_completion", "completions"),
    ("embedding", "embeddings"),
    ("aembedding", "embeddings"),
    ("responses", "responses"),
    ("aresponses", "responses"),
    ("anthropic_messages", "messages"),
    ("messages", "messages"),
    ("rerank", "rerank"),
    ("arerank", "rerank"),
    ("transcription", "transcription"),
    ("atranscription", "transcription"),
    // The operations' own names.
    ("chat", "chat"),
    ("completions", "completions"),
    ("embeddings", "embeddings"),
    ("transcriptions", "transcription"),
];

/// What is kept of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caching {
    /// `litellm_settings.cache`.
    pub on: bool,
    /// `mode: default_off`: only calls that ask for it (`cache: {"use-cache": true}`).
    pub on_request: bool,
    pub place: CachePlace,
    /// Before every key, in Redis and in `x-litellm-cache-key`.
    pub namespace: Option<String>,
    pub ttl: Duration,
    /// `supported_call_types`, as operations. None: every one that can be kept.
    pub operations: Option<Vec<&'static str>>,
    pub share: CacheShare,
    /// Calls that are the same and under way together wait for one answer. Ours.
    pub coalesce: bool,
    /// Memory for answers.
    pub max_bytes: u64,
    /// Larger answers are not kept.
    pub max_entry_bytes: usize,
}

/// Where answers are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachePlace {
    Memory,
    Redis(RedisAddress),
}

/// Who gets whose answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheShare {
    /// Keys of one team; else of one user; else the key alone.
    #[default]
    Tenant,
    /// The key alone.
    Key,
    /// Everybody.
    Everyone,
}

impl Default for Caching {
    fn default() -> Self {
        Self {
            on: false,
            on_request: false,
            place: CachePlace::Memory,
            namespace: None,
            ttl: CACHE_TTL,
            operations: None,
            share: CacheShare::default(),
            coalesce: false,
            max_bytes: CACHE_BYTES,
            max_entry_bytes: CACHE_ENTRY_BYTES,
        }
    }
}

impl Caching {
    /// Reads `cache_params`; `on` is what `litellm_settings.cache` says.
    pub fn read(on: bool, params: Option<Value>, env: &Env, remarks: &mut Remarks) -> Self {
        let mut section = Section::new(SECTION, params, env, remarks);
        let place = place(&mut section, on);
        let of_memory = section.seconds("default_in_memory_ttl");
        let of_redis = section.seconds("default_in_redis_ttl");
        let of_place = match place {
            CachePlace::Memory => of_memory,
            CachePlace::Redis(_) => of_redis,
        };
        let ttl = section.seconds("ttl").or(of_place).unwrap_or(CACHE_TTL);
        let namespace = section.text("namespace").filter(|it| !it.is_empty());
        let namespace = namespace.or_else(|| env.text("REDIS_NAMESPACE"));
        let caching = Self {
            on,
            on_request: choice(&mut section, "mode", &["default_on", "default_off"]) == Some(1),
            place,
            namespace: namespace.filter(|it| named_well(&mut section, it)),
            ttl: ttl.min(LONGEST_CACHE_TTL),
            operations: operations(&mut section),
            share: match choice(&mut section, "share", &["tenant", "key", "everyone"]) {
                Some(1) => CacheShare::Key,
                Some(2) => CacheShare::Everyone,
                _ => CacheShare::Tenant,
            },
            coalesce: section.flag("coalesce").unwrap_or(false),
            max_bytes: mebibytes(&mut section, "max_size_mb").unwrap_or(CACHE_BYTES),
            max_entry_bytes: mebibytes(&mut section, "max_entry_mb")
                .and_then(|it| usize::try_from(it).ok())
                .unwrap_or(CACHE_ENTRY_BYTES),
        };
        for name in section.names() {
            let other = OF_OTHERS.iter().any(|it| name.starts_with(it))
                || OTHERS.contains(&name.as_str())
                || name.ends_with("_embedding_model");
            if other {
                section.accept(&name, "belongs to a kind of cache that is not here");
            }
        }
        section.finish(&NAMES);
        caching
    }
}

/// Where answers are kept: where `type` says; without it in Redis if one is named, as in LiteLLM.
fn place(section: &mut Section<'_>, on: bool) -> CachePlace {
    let kind = section.text("type");
    let address = RedisAddress::read(section, "");
    match (kind.as_deref(), address) {
        (None | Some("redis"), Some(address)) => CachePlace::Redis(address),
        (None | Some("local"), _) => CachePlace::Memory,
        (Some("redis"), None) => {
            if on {
                let text = "names no server, so answers are kept in memory: set `host` or `url`, or \
                    REDIS_HOST or REDIS_URL";
                section.say(Taken::Warning, "type", text);
            }
            CachePlace::Memory
        }
        (Some(other), _) => {
            let text = format!(
                "`{other}` is not supported; answers to the same request are kept in memory"
            );
            section.say(Taken::Warning, "type", text);
            CachePlace::Memory
        }
    }
}

/// Which of the choices a setting names.
fn choice(section: &mut Section<'_>, name: &str, choices: &[&'static str]) -> Option<usize> {
    let text = section.text(name)?;
    let found = choices.iter().position(|it| *it == text);
    if found.is_none() {
        let hint = hint(&text, choices.iter().copied());
        let said = format!("is `{text}`, expected {}{hint}", choices.join(", "));
        section.say(Taken::Wrong, name, said);
    }
    found
}

/// The operations of `supported_call_types`.
fn operations(section: &mut Section<'_>) -> Option<Vec<&'static str>> {
    const NAME: &str = "supported_call_types";
    let mut operations = Vec::new();
    for written in section.texts(NAME)? {
        match CALL_TYPES.iter().find(|(name, _)| *name == written) {
            Some((_, operation)) if operations.contains(operation) => {}
            Some((_, operation)) => operations.push(*operation),
            None => {
                let hint = hint(&written, CALL_TYPES.iter().map(|it| it.0));
                let text = format!("has `{written}`, which is no call that can be kept{hint}");
                section.say(Taken::Warning, NAME, text);
            }
        }
    }
    Some(operations)
}

/// A namespace is a part of keys, which operators write into requests.
fn named_well(section: &mut Section<'_>, name: &str) -> bool {
    let well = name.len() <= 128 && name.bytes().all(|it| it.is_ascii_graphic());
    if !well {
        let text = "has white space, other letters than ASCII or more than 128 of them";
        section.say(Taken::Wrong, "namespace", text);
    }
    well
}

fn mebibytes(section: &mut Section<'_>, name: &str) -> Option<u64> {
    let number = section.number(name)?;
    if number <= 0.0 || number > 65536.0 {
        let text = format!("is {number}, expected megabytes, more than 0 and at most 65536");
        section.say(Taken::Wrong, name, text);
        return None;
    }
    Some((number * 1_048_576.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(params: Value, env: &[(&str, &str)]) -> (Caching, Vec<(Taken, String)>) {
        let mut remarks = Remarks::default();
        let caching = Caching::read(true, Some(params), &Env::of(env), &mut remarks);
        let said = remarks.0.into_iter();
        let said = said.filter(|it| it.taken != Taken::Honoured);
        let said = said.map(|it| {
            let name = it.path.trim_start_matches(SECTION).trim_start_matches('.');
            (it.taken, name.to_owned())
        });
        (caching, said.collect())
    }

    #[test]
    fn a_redis_is_named_by_its_address_its_parts_or_the_environment() {
        let (by_url, said) = read(json!({"url": "rediss://u:p%40@h:7000/3"}), &[]);
        let (by_parts, _) = read(
            json!({"type": "redis", "host": "h", "port": "7000", "username": "u",
                "password": "p@", "db": 3, "ssl": true}),
            &[],
        );
        let env = [
            ("REDIS_HOST", "h"),
            ("REDIS_PORT", "7000"),
            ("REDIS_USERNAME", "u"),
            ("REDIS_PASSWORD", "p@"),
            ("REDIS_SSL", "True"),
        ];
        let (by_env, _) = read(json!({"db": 3}), &env);
        assert_eq!(by_url.place, by_parts.place);
        assert_eq!(by_url.place, by_env.place);
        assert!(matches!(by_url.place, CachePlace::Redis(_)) && said.is_empty());
        assert!(!format!("{by_url:?}").contains("p@"));
        let (memory, _) = read(json!({"type": "local"}), &env);
        assert_eq!(memory.place, CachePlace::Memory);
    }

    #[test]
    fn what_cannot_be_is_named_by_its_key() {
        for (params, name) in [
            (json!({"mode": "off"}), "mode"),
            (json!({"share": "all"}), "share"),
            (json!({"ttl": 0}), "ttl"),
            (json!({"namespace": "a b"}), "namespace"),
            (json!({"max_size_mb": -1}), "max_size_mb"),
            (json!({"url": "http://h"}), "url"),
            (json!({"host": "h", "port": 70000}), "port"),
        ] {
            let (_, said) = read(params.clone(), &[]);
            assert_eq!(said, [(Taken::Wrong, name.to_owned())], "{params}");
        }
    }

    #[test]
    fn kinds_of_cache_that_are_not_here_are_said_and_do_not_stop_a_start() {
        let params = json!({"type": "redis-semantic", "similarity_threshold": 0.8,
            "redis_semantic_cache_embedding_model": "e", "nmespace": "n"});
        let (caching, said) = read(params, &[]);
        assert_eq!(caching.place, CachePlace::Memory);
        assert_eq!(
            said,
            [
                (Taken::Warning, "type".to_owned()),
                (Taken::Accepted, "similarity_threshold".to_owned()),
                (
                    Taken::Accepted,
                    "redis_semantic_cache_embedding_model".to_owned()
                ),
                (Taken::Unknown, "nmespace".to_owned()),
            ]
        );
    }

    #[test]
    fn a_redis_that_is_nowhere_is_a_warning() {
        let (caching, said) = read(json!({"type": "redis"}), &[]);
        assert_eq!(caching.place, CachePlace::Memory);
        assert_eq!(said, [(Taken::Warning, "type".to_owned())]);
    }

    #[test]
    fn calls_are_named_as_litellm_names_them() {
        let types = json!({"supported_call_types": ["acompletion", "completion", "aembedding"]});
        let (caching, said) = read(types, &[]);
        assert_eq!(caching.operations, Some(vec!["chat", "embeddings"]));
        assert!(said.is_empty());
    }
}
