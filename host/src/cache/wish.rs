//! What a client says of the cache: the member `cache` of its body, and the header `cache-control`.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::{ErrorKind, Fault};

/// What one call wants of the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Nothing that was kept.
    pub no_cache: bool,
    /// Nothing is to be kept.
    pub no_store: bool,
    /// How long the answer may be kept.
    pub ttl: Option<Duration>,
    /// How old an answer may be.
    pub max_age: Option<Duration>,
    /// Answers of another namespace are none.
    pub namespace: Option<String>,
    /// Whether the cache is used at all; what the config says, if it is not said here.
    pub use_cache: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Written {
    no_cache: Option<bool>,
    no_store: Option<bool>,
    ttl: Option<f64>,
    #[serde(alias = "s-max-age")]
    s_maxage: Option<f64>,
    namespace: Option<String>,
    use_cache: Option<bool>,
}

/// What `cache` has to be.
const EXPECTED: &str = "an object whose `no-cache`, `no-store` and `use-cache` are booleans, whose \
                        `ttl` and `s-maxage` are seconds, and whose `namespace` is a string";

/// Longest namespace, in bytes.
const MOST_NAME: usize = 128;

impl Wish {
    /// Reads the member `cache`. Members of it that nobody knows are let be, as in LiteLLM.
    ///
    /// # Errors
    /// A member has a wrong type, or is no time.
    pub fn read(raw: &str) -> Result<Self, Fault> {
        let written: Option<Written> = serde_json::from_str(raw)
            .map_err(|_| wrong(format!("`cache` has a wrong type: it must be {EXPECTED}")))?;
        let Some(written) = written else {
            return Ok(Self::default());
        };
        let namespace = written.namespace.filter(|it| !it.is_empty());
        if namespace.as_ref().is_some_and(|it| it.len() > MOST_NAME) {
            let text = format!("`cache.namespace` has more than {MOST_NAME} bytes");
            return Err(wrong(text));
        }
        Ok(Self {
            no_cache: written.no_cache.unwrap_or(false),
            no_store: written.no_store.unwrap_or(false),
            ttl: seconds("ttl", written.ttl)?,
            max_age: seconds("s-maxage", written.s_maxage)?,
            namespace,
            use_cache: written.use_cache,
        })
    }

    /// The names of what is said.
    pub fn said(&self) -> Vec<&'static str> {
        let all = [
            ("no-cache", self.no_cache),
            ("no-store", self.no_store),
            ("ttl", self.ttl.is_some()),
            ("s-maxage", self.max_age.is_some()),
            ("namespace", self.namespace.is_some()),
            ("use-cache", self.use_cache.is_some()),
        ];
        let said = all.into_iter().filter(|(_, said)| *said);
        said.map(|(name, _)| name).collect()
    }

    /// Adds what the header `cache-control` says. Directives that nobody knows are let be.
    pub fn take_header(&mut self, value: &str) {
        for directive in value.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let age = || {
                let text = value.trim().trim_matches('"');
                text.parse().ok().map(Duration::from_secs)
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" => self.no_cache = true,
                "no-store" => self.no_store = true,
                "s-maxage" | "max-age" => {
                    let stricter = self.max_age.into_iter().chain(age()).min();
                    self.max_age = stricter;
                }
                _ => {}
            }
        }
    }
}

fn seconds(name: &str, number: Option<f64>) -> Result<Option<Duration>, Fault> {
    let time = number.map(Duration::try_from_secs_f64).transpose();
    time.map_err(|_| wrong(format!("`cache.{name}` is no number of seconds")))
}

fn wrong(message: String) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_is_read() {
        let raw = r#"{"no-cache": true, "no-store": false, "ttl": 1.5, "s-maxage": 60,
            "namespace": "n", "use-cache": true, "anything": 7}"#;
        let wanted = Wish {
            no_cache: true,
            no_store: false,
            ttl: Some(Duration::from_millis(1500)),
            max_age: Some(Duration::from_secs(60)),
            namespace: Some("n".to_owned()),
            use_cache: Some(true),
        };
        assert_eq!(Wish::read(raw).unwrap(), wanted);
        let said = wanted.said();
        assert_eq!(
            said,
            ["no-cache", "ttl", "s-maxage", "namespace", "use-cache"]
        );
        let older = Wish::read(r#"{"s-max-age": 60}"#).unwrap();
        assert_eq!(older.max_age, wanted.max_age);
        assert_eq!(Wish::read("null").unwrap(), Wish::default());
    }

    #[test]
    fn what_cannot_be_names_the_member() {
        let long = format!(r#"{{"namespace": "{}"}}"#, "n".repeat(MOST_NAME + 1));
        for raw in [
            "true",
            r#"{"no-cache": "yes"}"#,
            r#"{"ttl": -1}"#,
            r#"{"ttl": 1e400}"#,
            r#"{"s-maxage": "60"}"#,
            r#"{"namespace": 7}"#,
            &long,
        ] {
            let fault = Wish::read(raw).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some("cache"), "{raw}");
        }
    }

    #[test]
    fn the_header_adds_to_the_body() {
        let mut wish = Wish::read(r#"{"s-maxage": 10, "ttl": 5}"#).unwrap();
        wish.take_header("private, No-Store, max-age=60, s-maxage=\"30\", stale=x");
        assert!(wish.no_store && !wish.no_cache);
        assert_eq!(wish.max_age, Some(Duration::from_secs(10)));
        wish.take_header("no-cache, max-age=0, max-age=soon");
        assert!(wish.no_cache);
        assert_eq!(wish.max_age, Some(Duration::ZERO));
    }
}
