//! The options of `serve` as settings: what each is, and where it comes from.

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Value, json};

use super::Serve;
use crate::config::{Layer, Setting, Source, Type, defaults};

/// What an option is, and the variable that may set it.
type Described = (&'static str, Type, &'static str, Option<&'static str>);

const OPTIONS: [Described; 7] = [
    (
        "config",
        Type::Text,
        "the config file",
        Some("CONFIG_FILE_PATH"),
    ),
    ("host", Type::Text, "the address to listen on", Some("HOST")),
    ("port", Type::Whole, "the port to listen on", Some("PORT")),
    (
        "ssl_certfile",
        Type::Text,
        "the certificate that TLS is served with",
        Some("SSL_CERTFILE_PATH"),
    ),
    (
        "ssl_keyfile",
        Type::Text,
        "the file of the certificate's key",
        Some("SSL_KEYFILE_PATH"),
    ),
    (
        "drain_seconds",
        Type::Whole,
        "how long answers under way may take after a stop",
        Some("SLUICE_DRAIN_SECONDS"),
    ),
    ("debug", Type::Flag, "debug lines are logged", None),
];

/// The options as they were read.
pub(super) fn shown(serve: &Serve, matches: &ArgMatches) -> Vec<Setting> {
    let all = OPTIONS.into_iter().map(|(name, kind, about, variable)| {
        let source = match (matches.value_source(name), variable) {
            (Some(ValueSource::CommandLine), _) => Source::CommandLine,
            (Some(ValueSource::EnvVariable), Some(variable)) => {
                Source::Environment(variable.to_owned(), Layer::Process)
            }
            _ => Source::Default,
        };
        Setting {
            name: name.to_owned(),
            kind,
            about,
            value: value(serve, name),
            default: usual(name),
            source,
            at_start: true,
            has_effect: true,
        }
    });
    all.collect()
}

fn value(serve: &Serve, name: &str) -> Value {
    match name {
        "config" => json!(serve.config),
        "host" => json!(serve.host),
        "port" => json!(serve.port),
        "ssl_certfile" => json!(serve.ssl_certfile),
        "ssl_keyfile" => json!(serve.ssl_keyfile),
        "drain_seconds" => json!(serve.drain_seconds),
        "debug" => json!(serve.debug),
        _ => Value::Null,
    }
}

fn usual(name: &str) -> Value {
    match name {
        "port" => json!(defaults::PORT),
        "drain_seconds" => json!(defaults::DRAIN_SECONDS),
        "debug" => json!(false),
        _ => Value::Null,
    }
}
