//! A Redis server, as a section of the config and the environment name it.

use super::env::Env;
use super::remarks::Taken;
use super::section::{Section, flag_of};
use crate::domain::Secret;

/// A Redis server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub database: u32,
    pub tls: bool,
}

const PORT: u16 = 6379;

impl RedisAddress {
    /// The server that the section names, with `prefix` before each setting; what it does not say
    /// is the environment's. Without a prefix the environment alone may name one.
    pub(super) fn read(section: &mut Section<'_>, prefix: &str) -> Option<Self> {
        let name = |what: &str| format!("{prefix}{what}");
        let url = section.secret(&name("url"));
        let host = section.text(&name("host")).filter(|it| !it.is_empty());
        let port = section.count(&name("port"));
        let username = section.text(&name("username")).filter(|it| !it.is_empty());
        let password = section.secret(&name("password"));
        let database = section.count(&name("db"));
        let tls = section.flag(&name("ssl"));
        let env = section.env();
        let nothing_written = url.is_none() && host.is_none();
        if nothing_written && !prefix.is_empty() {
            return None;
        }
        let url = url.or_else(|| env.get("REDIS_URL").filter(|_| nothing_written));
        let mut address = match url {
            Some(url) => match of_url(url.reveal()) {
                Some(address) => address,
                None => {
                    let text = "is no address of a Redis: redis://user:password@host:port/database";
                    section.say(Taken::Wrong, &name("url"), text);
                    return None;
                }
            },
            None => Self {
                host: host.or_else(|| env.text("REDIS_HOST"))?,
                port: port_of(env),
                username: env.text("REDIS_USERNAME"),
                password: env.get("REDIS_PASSWORD"),
                database: 0,
                tls: env.text("REDIS_SSL").and_then(|it| flag_of(&it)) == Some(true),
            },
        };
        if let Some(port) = port {
            match u16::try_from(port).ok().filter(|it| *it > 0) {
                Some(port) => address.port = port,
                None => {
                    let text = format!("is `{port}`, expected a port");
                    section.say(Taken::Wrong, &name("port"), text);
                }
            }
        }
        address.username = username.or(address.username);
        address.password = password.or(address.password);
        address.database = database.unwrap_or(address.database);
        address.tls = tls.unwrap_or(address.tls);
        Some(address)
    }
}

fn port_of(env: &Env) -> u16 {
    let port = env.text("REDIS_PORT").and_then(|it| it.parse().ok());
    port.unwrap_or(PORT)
}

fn of_url(text: &str) -> Option<RedisAddress> {
    let url = url::Url::parse(text).ok()?;
    let tls = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => return None,
    };
    let decoded = |part: &str| {
        let pair = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
        let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    let filled = |it: &String| !it.is_empty();
    let path = url.path().trim_matches('/');
    Some(RedisAddress {
        host: url.host_str()?.to_owned(),
        port: url.port().unwrap_or(PORT),
        username: decoded(url.username()).filter(filled),
        password: decoded(url.password().unwrap_or_default())
            .filter(filled)
            .map(Secret::new),
        database: match path {
            "" => 0,
            number => number.parse().ok()?,
        },
        tls,
    })
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Env, has_errors};

    fn shared(file: &str, env: &[(&str, &str)]) -> Option<(String, u16, bool)> {
        let (config, remarks) = Config::parse(file, Env::of(env)).unwrap();
        assert!(!has_errors(&remarks), "{file}: {remarks:?}");
        let address = config.shared_redis()?;
        let password = address.password.is_some();
        Some((address.host.clone(), address.port, password))
    }

    #[test]
    fn replicas_share_by_the_routers_redis_else_by_that_of_the_cache() {
        let router = "router_settings: {redis_host: r, redis_port: 7000, redis_password: p}";
        let cache = "litellm_settings: {cache: true, cache_params: {type: redis, host: c}}";
        let both = format!("{router}\n{cache}");
        let of_router = Some(("r".to_owned(), 7000, true));
        assert_eq!(shared(router, &[]), of_router);
        assert_eq!(shared(&both, &[]), of_router);
        assert_eq!(shared(cache, &[]), Some(("c".to_owned(), 6379, false)));
        let env = [("REDIS_HOST", "e"), ("REDIS_PASSWORD", "p")];
        assert_eq!(shared("{}", &env), Some(("e".to_owned(), 6379, true)));
        let by_url = "router_settings: {redis_url: 'redis://:p@u:1/2'}";
        assert_eq!(shared(by_url, &env), Some(("u".to_owned(), 1, true)));
        assert_eq!(shared("{}", &[]), None);
    }
}
