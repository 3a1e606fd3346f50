//! A Redis server, as a section of the config and the environment name it.

use serde_json::Value;

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
    /// It is the master that these name; `host` is the service's name, and `port` none.
    pub sentinels: Option<Sentinels>,
}

/// Sentinels, which watch a master and know who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentinels {
    /// `sentinel_nodes`.
    pub nodes: Vec<(String, u16)>,
    /// `service_name`.
    pub service: String,
    /// Their own: `sentinel_password`.
    pub password: Option<Secret>,
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
        let sentinels = match prefix.is_empty() {
            true => Sentinels::read(section),
            false => None,
        };
        let env = section.env();
        let nothing_written = url.is_none() && host.is_none() && sentinels.is_none();
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
                host: match &sentinels {
                    Some(sentinels) => sentinels.service.clone(),
                    None => host.or_else(|| env.text("REDIS_HOST"))?,
                },
                port: port_of(env),
                username: env.text("REDIS_USERNAME"),
                password: env.get("REDIS_PASSWORD"),
                database: 0,
                tls: env.text("REDIS_SSL").and_then(|it| flag_of(&it)) == Some(true),
                sentinels: None,
            },
        };
        address.sentinels = sentinels;
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

impl Sentinels {
    /// What the section names, else the environment.
    fn read(section: &mut Section<'_>) -> Option<Self> {
        const NODES: &str = "sentinel_nodes";
        let env = section.env();
        let written = section.resolved(NODES);
        let written = written.or_else(|| {
            let text = env.text("REDIS_SENTINEL_NODES")?;
            Some(serde_json::from_str(&text).unwrap_or_else(|_| text.into()))
        });
        let service = section.text("service_name").filter(|it| !it.is_empty());
        let service = service.or_else(|| env.text("REDIS_SERVICE_NAME"));
        let password = section.secret("sentinel_password");
        let password = password.or_else(|| env.get("REDIS_SENTINEL_PASSWORD"));
        let written = written?;
        let nodes: Option<Vec<(String, u16)>> = match &written {
            Value::Array(list) => list.iter().map(node).collect(),
            one => node(one).map(|it| vec![it]),
        };
        let Some(nodes) = nodes.filter(|it| !it.is_empty()) else {
            let text = "is no list of sentinels: [[host, port]]";
            section.say(Taken::Wrong, NODES, text);
            return None;
        };
        let Some(service) = service else {
            let text = "needs `service_name`: whose master they are asked for";
            section.say(Taken::Wrong, NODES, text);
            return None;
        };
        Some(Self {
            nodes,
            service,
            password,
        })
    }
}

/// `[host, port]`, or `host:port`.
fn node(written: &Value) -> Option<(String, u16)> {
    let port = |it: u64| u16::try_from(it).ok().filter(|it| *it > 0);
    match written {
        Value::Array(pair) => {
            let [host, number] = pair.as_slice() else {
                return None;
            };
            let number = number.as_u64().or_else(|| number.as_str()?.parse().ok());
            Some((host.as_str()?.to_owned(), port(number?)?))
        }
        Value::String(text) => {
            let (host, number) = text.rsplit_once(':')?;
            Some((host.to_owned(), port(number.parse().ok()?)?))
        }
        _ => None,
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
        sentinels: None,
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

    #[test]
    fn sentinels_lead_to_their_master_and_what_is_no_sentinel_is_said() {
        let read = |params: &str, env: &[(&str, &str)]| {
            let file = format!("litellm_settings: {{cache: true, cache_params: {params}}}");
            Config::parse(&file, Env::of(env)).unwrap()
        };
        let params = "{type: redis, sentinel_nodes: [[a, 1], 'b:2'], service_name: main, password: p, sentinel_password: s, db: 3}";
        let (config, remarks) = read(params, &[]);
        assert!(!has_errors(&remarks), "{remarks:?}");
        let address = config.shared_redis().unwrap();
        let sentinels = address.sentinels.as_ref().unwrap();
        assert_eq!(sentinels.nodes, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!(sentinels.password.as_ref().unwrap().reveal(), "s");
        assert_eq!((sentinels.service.as_str(), address.database), ("main", 3));
        let env = [
            ("REDIS_SENTINEL_NODES", "[[\"c\", 3]]"),
            ("REDIS_SERVICE_NAME", "other"),
        ];
        let (config, _) = read("{type: redis}", &env);
        let address = config.shared_redis().unwrap();
        assert_eq!(address.host, "other");
        for wrong in [
            "{sentinel_nodes: [[a]], service_name: m}",
            "{sentinel_nodes: [], service_name: m}",
            "{sentinel_nodes: [[a, 1]]}",
        ] {
            let (_, remarks) = read(wrong, &[]);
            assert!(has_errors(&remarks), "{wrong}");
        }
    }
}
