//! Where the database is: a path, or a URL as Prisma writes it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::StoreError;
use crate::domain::Secret;

/// Connections of a pool unless the URL says `connection_limit`.
const CONNECTIONS: u32 = 10;
/// Prisma's defaults, in seconds.
const CONNECT_TIMEOUT_S: u64 = 5;
const POOL_TIMEOUT_S: u64 = 10;

/// Where the database is. Prints without its password.
#[derive(Clone)]
pub struct Address {
    pub(super) target: Target,
    /// Parts of the URL that have no effect, as sentences for the log.
    pub remarks: Vec<String>,
    /// `schema` of the URL: where LiteLLM keeps its tables. Ours have a schema of their own.
    pub(super) schema: Option<String>,
}

#[derive(Clone)]
pub(super) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

/// A PostgreSQL server and how to use it.
#[derive(Clone)]
pub(super) struct Server {
    pub options: PgConnectOptions,
    pub connections: u32,
    pub connect_timeout: Duration,
    pub pool_timeout: Duration,
    /// Behind PgBouncer in transaction mode: no session state, no named statements.
    pub bouncer: bool,
}

/// The parts of an address, as `DATABASE_HOST` and its siblings give them.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// A host, or `host:port`.
    pub host: String,
    pub port: Option<u16>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub name: String,
}

/// What settings say of connections, beside the address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Connections {
    pub most: Option<u32>,
    /// How long one is waited for.
    pub wait: Option<Duration>,
    /// How long making one may take.
    pub connect: Option<Duration>,
    /// No named statements, and no session state.
    pub unprepared: bool,
}

impl Address {
    /// An embedded database in a file, which is made if it is missing.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            target: Target::Sqlite(path.into()),
            remarks: Vec::new(),
            schema: None,
        }
    }

    /// `postgres://`, `postgresql://`, `sqlite:` or `file:`.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        for scheme in ["sqlite://", "sqlite:", "file:"] {
            if let Some(path) = text.strip_prefix(scheme) {
                let path = path.split('?').next().unwrap_or_default();
                if path.is_empty() {
                    return Err(wrong(
                        "the database URL names no file",
                        "write `sqlite:///path`",
                    ));
                }
                return Ok(Self::file(path));
            }
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(wrong(
                "the database URL has an unknown scheme",
                "it begins with `postgresql://` or `sqlite:`",
            ));
        }
        // The text is not shown: it holds the password.
        let url = Url::parse(text).map_err(|cause| {
            wrong(
                &format!("the database URL cannot be read ({cause})"),
                "percent-encode special characters of user name and password, as `%40` for `@`",
            )
        })?;
        postgres(&url)
    }

    /// PostgreSQL, from host, user and the rest each on its own.
    pub fn from_parts(parts: &Parts) -> Result<Self, StoreError> {
        let (host, port) = match parts.host.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (
                host,
                Some(port.parse().map_err(|_| {
                    wrong(
                        "the port of the database is no number",
                        "correct DATABASE_HOST",
                    )
                })?),
            ),
            _ => (parts.host.as_str(), None),
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(host)
            .port(parts.port.or(port).unwrap_or(5432))
            .database(&parts.name)
            .ssl_mode(PgSslMode::Prefer);
        if let Some(user) = &parts.username {
            options = options.username(user);
        }
        if let Some(password) = &parts.password {
            options = options.password(password.reveal());
        }
        Ok(Self {
            target: Target::Postgres(Box::new(Server::new(options))),
            remarks: Vec::new(),
            schema: None,
        })
    }

    /// With what settings say of connections, which goes before what the address says. An embedded
    /// database has none of them.
    pub fn with(mut self, connections: Connections) -> Self {
        let Target::Postgres(server) = &mut self.target else {
            self.remarks
                .push("settings of connections have no effect on an embedded database".to_owned());
            return self;
        };
        server.connections = connections.most.unwrap_or(server.connections);
        server.pool_timeout = connections.wait.unwrap_or(server.pool_timeout);
        server.connect_timeout = connections.connect.unwrap_or(server.connect_timeout);
        if connections.unprepared {
            server.go_through_bouncer();
        }
        self
    }

    /// The file of an embedded database.
    pub fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::Sqlite(path) => Some(path),
            Target::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Sqlite(path) => write!(out, "sqlite file {}", path.display()),
            Target::Postgres(server) => write!(
                out,
                "postgresql database `{}` at {}:{}, user `{}`",
                server.options.get_database().unwrap_or_default(),
                server.options.get_host(),
                server.options.get_port(),
                server.options.get_username(),
            ),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Address({self})")
    }
}

impl Server {
    fn new(options: PgConnectOptions) -> Self {
        Self {
            options: options.application_name("sluice"),
            connections: CONNECTIONS,
            connect_timeout: Duration::from_secs(CONNECT_TIMEOUT_S),
            pool_timeout: Duration::from_secs(POOL_TIMEOUT_S),
            bouncer: false,
        }
    }

    /// PgBouncer refuses start-up parameters that it does not know, and keeps no named statements.
    fn go_through_bouncer(&mut self) {
        self.bouncer = true;
        self.options = self
            .options
            .clone()
            .extra_float_digits(None)
            .statement_cache_capacity(0);
    }
}

fn postgres(url: &Url) -> Result<Address, StoreError> {
    let database = decoded(url.path().trim_start_matches('/'))?;
    if database.is_empty() {
        return Err(wrong(
            "the database URL names no database",
            "write it after the host: `postgresql://user:password@host:5432/name`",
        ));
    }
    let host = decoded(url.host_str().unwrap_or("localhost"))?;
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(host.trim_matches(['[', ']']))
        .port(url.port().unwrap_or(5432))
        .database(&database);
    if !url.username().is_empty() {
        options = options.username(&decoded(url.username())?);
    }
    if let Some(password) = url.password() {
        options = options.password(&decoded(password)?);
    }
    let mut server = Server::new(options);
    let mut remarks = Vec::new();
    let mut tls = Tls::default();
    let (mut socket_timeout_s, mut schema) = (None, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            "schema" => schema = Some(value.into_owned()).filter(|it| !it.is_empty()),
            "host" => server.options = server.options.clone().host(&value),
            "connection_limit" => server.connections = number(&name, &value)?.max(1),
            "connect_timeout" => server.connect_timeout = seconds(&name, &value)?,
            "pool_timeout" => server.pool_timeout = seconds(&name, &value)?,
            "socket_timeout" => socket_timeout_s = Some(number(&name, &value)?),
            "pgbouncer" => server.bouncer = value == "true",
            "sslmode" => tls.mode = Some(value.into_owned()),
            "sslaccept" => tls.strict = value == "strict",
            // Prisma's name for the authority's certificate, and PostgreSQL's.
            "sslcert" | "sslrootcert" => tls.authority = Some(value.into_owned()),
            "application_name" => {
                server.options = server.options.clone().application_name(&value);
            }
            _ => remarks.push(format!(
                "`{name}` in the database URL has no effect here and was dropped"
            )),
        }
    }
    server.options = tls.apply(server.options)?;
    if server.bouncer {
        server.go_through_bouncer();
    }
    match socket_timeout_s {
        Some(_) if server.bouncer => remarks.push(
            "`socket_timeout` in the database URL has no effect behind PgBouncer and was dropped"
                .to_owned(),
        ),
        Some(limit) if limit > 0 => {
            let limit = format!("{limit}s");
            server.options = server.options.options([("statement_timeout", limit)]);
        }
        _ => {}
    }
    Ok(Address {
        target: Target::Postgres(Box::new(server)),
        remarks,
        schema,
    })
}

#[derive(Default)]
struct Tls {
    mode: Option<String>,
    strict: bool,
    authority: Option<String>,
}

impl Tls {
    fn apply(self, options: PgConnectOptions) -> Result<PgConnectOptions, StoreError> {
        let mode = match self.mode.as_deref() {
            Some("disable") => PgSslMode::Disable,
            Some("allow") => PgSslMode::Allow,
            None | Some("prefer") if self.strict => PgSslMode::VerifyFull,
            None | Some("prefer") => PgSslMode::Prefer,
            Some("require") if self.strict => PgSslMode::VerifyFull,
            Some("require") => PgSslMode::Require,
            Some("verify-ca") => PgSslMode::VerifyCa,
            Some("verify-full") => PgSslMode::VerifyFull,
            Some(other) => {
                return Err(wrong(
                    &format!("`sslmode={other}` in the database URL is unknown"),
                    "use disable, allow, prefer, require, verify-ca or verify-full",
                ));
            }
        };
        let options = options.ssl_mode(mode);
        Ok(match self.authority {
            Some(path) => options.ssl_root_cert(path),
            None => options,
        })
    }
}

fn number(name: &str, value: &str) -> Result<u32, StoreError> {
    value.parse().map_err(|_| {
        wrong(
            &format!("`{name}` in the database URL is no whole number"),
            "correct or remove it",
        )
    })
}

/// 0 means without limit, as in Prisma: a day.
fn seconds(name: &str, value: &str) -> Result<Duration, StoreError> {
    let given = u64::from(number(name, value)?);
    Ok(Duration::from_secs(if given == 0 { 86_400 } else { given }))
}

/// Undoes percent-encoding. Unlike in a form, `+` is a plus.
fn decoded(text: &str) -> Result<String, StoreError> {
    let unreadable = || {
        wrong(
            "the database URL has a broken percent-encoding",
            "write a `%` that is meant as such as `%25`",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
        let (high, low) = digit().zip(digit()).ok_or_else(unreadable)?;
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| unreadable())?);
    }
    String::from_utf8(bytes).map_err(|_| unreadable())
}

fn wrong(what: &str, cure: &str) -> StoreError {
    StoreError::Address {
        what: what.to_owned(),
        cure: cure.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> (Server, Vec<String>) {
        let address = Address::parse(text).unwrap();
        match address.target {
            Target::Postgres(server) => (*server, address.remarks),
            Target::Sqlite(path) => panic!("a file: {path:?}"),
        }
    }

    #[test]
    fn a_url_as_prisma_writes_it_is_understood() {
        let (server, remarks) = server(
            "postgresql://us%40er:p%2Fw+@db.example:6432/lite?schema=public&connection_limit=3\
             &pgbouncer=true&connect_timeout=7&pool_timeout=0&sslmode=require&sslaccept=strict",
        );
        assert_eq!(server.options.get_host(), "db.example");
        assert_eq!(server.options.get_port(), 6432);
        assert_eq!(server.options.get_username(), "us@er");
        assert_eq!(server.options.get_database(), Some("lite"));
        assert!(matches!(
            server.options.get_ssl_mode(),
            PgSslMode::VerifyFull
        ));
        assert!(server.bouncer);
        assert_eq!(server.connections, 3);
        assert_eq!(server.connect_timeout, Duration::from_secs(7));
        assert_eq!(server.pool_timeout, Duration::from_secs(86_400));
        assert_eq!(remarks, Vec::<String>::new());
    }

    #[test]
    fn what_has_no_effect_is_named() {
        let (_, remarks) = server("postgres://u@h/d?single_use_connections=true");
        assert_eq!(remarks.len(), 1);
        assert!(remarks[0].contains("single_use_connections"));
    }

    #[test]
    fn the_password_is_never_shown() {
        let address = Address::parse("postgres://u:hunter2@h/d").unwrap();
        assert!(!format!("{address:?} {address}").contains("hunter2"));
        for text in [
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h",
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2%zz@h/d",
        ] {
            let refused = Address::parse(text).unwrap_err();
            assert!(
                !format!("{refused:?} {refused}").contains("hunter2"),
                "{text}"
            );
        }
    }

    #[test]
    fn parts_make_an_address() {
        let parts = Parts {
            host: "db:6000".to_owned(),
            name: "lite".to_owned(),
            username: Some("me".to_owned()),
            ..Parts::default()
        };
        let address = Address::from_parts(&parts).unwrap();
        let shown = "postgresql database `lite` at db:6000, user `me`";
        assert_eq!(address.to_string(), shown);
    }

    #[test]
    fn a_file_is_named_in_three_ways() {
        for text in [
            "sqlite:///a/b.db",
            "sqlite:/a/b.db",
            "file:/a/b.db?mode=rwc",
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.path(), Some(Path::new("/a/b.db")), "{text}");
        }
    }

    #[test]
    fn settings_of_connections_go_before_the_addresss_own() {
        let text = "postgresql://u@h/d?connection_limit=3&pool_timeout=7&connect_timeout=4";
        let some = Connections {
            most: Some(5),
            connect: Some(Duration::from_secs(2)),
            unprepared: true,
            ..Connections::default()
        };
        let Target::Postgres(server) = Address::parse(text).unwrap().with(some).target else {
            panic!("no server");
        };
        assert_eq!((server.connections, server.bouncer), (5, true));
        assert_eq!(server.pool_timeout, Duration::from_secs(7));
        assert_eq!(server.connect_timeout, Duration::from_secs(2));
        let file = Address::file("a.db").with(some);
        assert_eq!(file.remarks.len(), 1);
    }
}
