//! One suite for both engines: each test of `both!` runs on a SQLite file and on a PostgreSQL
//! database of its own, in the server named by `SLUICE_TEST_DATABASE_URL`; and once more through the
//! PgBouncer before that server which `SLUICE_TEST_PGBOUNCER_URL` names, in transaction mode.

mod backups;
mod bodies;
mod entities;
mod holders;
mod leases;
mod lists;
mod opening;
mod places;
mod pooled;
pub(crate) mod remote;
mod responses;
mod sessions;
mod spend;
mod sum;
mod upgrades;
mod usage;
mod windows;

use super::{Address, Store};
pub(crate) use responses::response;
pub(crate) use spend::call;

/// A database made for one test.
pub(crate) struct Place {
    pub address: Address,
    kind: Kind,
}

enum Kind {
    File(tempfile::TempDir),
    Database { server: String, name: String },
}

/// What a test begins with: a store, and the time it is opened at.
pub(crate) const NOW: i64 = 1_790_000_000_000;

impl Place {
    pub async fn sqlite() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            address: Address::file(folder.path().join("data/sluice.db")),
            kind: Kind::File(folder),
        })
    }

    /// None where there is no server, which is allowed on a developer's machine only.
    pub async fn postgres() -> Option<Self> {
        let server = server()?;
        let name = format!("test_{:016x}", rand::random::<u64>());
        admin(&server, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        Some(Self {
            address: Address::parse(url.as_str()).unwrap(),
            kind: Kind::Database { server, name },
        })
    }

    /// A PostgreSQL database that is reached through a pooler, which the address says.
    pub async fn pooled() -> Option<Self> {
        let pooler = pooler()?;
        let place = Self::postgres().await?;
        let Kind::Database { name, .. } = &place.kind else {
            return None;
        };
        let mut url = url::Url::parse(&pooler).unwrap();
        url.set_path(name);
        url.set_query(Some("pgbouncer=true&connection_limit=4"));
        Some(Self {
            address: Address::parse(url.as_str()).unwrap(),
            kind: place.kind,
        })
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.address, NOW).await.unwrap()
    }

    /// A PostgreSQL database, with parameters of its URL.
    pub async fn open_with(&self, query: &str) -> Store {
        let Kind::Database { server, name } = &self.kind else {
            panic!("only PostgreSQL has parameters");
        };
        let mut url = url::Url::parse(server).unwrap();
        url.set_path(name);
        url.set_query(Some(query));
        let address = Address::parse(url.as_str()).unwrap();
        Store::open(&address, NOW).await.unwrap()
    }

    /// Takes the database away again.
    pub async fn remove(self, store: Store) {
        store.close().await;
        match self.kind {
            Kind::File(folder) => folder.close().unwrap(),
            Kind::Database { server, name } => {
                admin(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            }
        }
    }
}

/// The server for tests.
pub(super) fn server() -> Option<String> {
    told("SLUICE_TEST_DATABASE_URL")
}

/// The pooler before it.
pub(super) fn pooler() -> Option<String> {
    told("SLUICE_TEST_PGBOUNCER_URL")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the servers are"
)]
fn told(name: &str) -> Option<String> {
    if let Ok(url) = std::env::var(name) {
        return Some(url);
    }
    let must = std::env::var("CI").is_ok_and(|it| !it.is_empty() && it != "false" && it != "0");
    assert!(
        !must,
        "{name} is not set, and in CI nothing is left out; `cargo xtask test` starts a server"
    );
    println!("NOT RUN: {name} is not set; `cargo xtask test` starts a server");
    None
}

/// Runs a statement as the owner of the test server.
pub(super) async fn admin(server: &str, sql: &str) {
    use sqlx::Connection as _;
    let super::address::Target::Postgres(server) = Address::parse(server).unwrap().target else {
        panic!("{server} is no server");
    };
    let options = &server.options;
    let mut connection = sqlx::PgConnection::connect_with(options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// A database of another program on the test server, filled and looked at by statements.
pub(crate) struct Foreign {
    server: String,
    name: String,
    pub url: String,
}

impl Foreign {
    /// None where there is no server.
    pub async fn new() -> Option<Self> {
        let server = server()?;
        let name = format!("test_{:016x}", rand::random::<u64>());
        admin(&server, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&server).unwrap();
        url.set_path(&name);
        let url = url.to_string();
        Some(Self { server, name, url })
    }

    pub fn address(&self) -> Address {
        Address::parse(&self.url).unwrap()
    }

    pub async fn run(&self, sql: &str) {
        admin(&self.url, sql).await;
    }

    /// The only value of the only row.
    pub async fn text(&self, sql: &str) -> String {
        use sqlx::{Connection as _, Row as _};
        let super::address::Target::Postgres(server) = self.address().target else {
            panic!("no server");
        };
        let options = &server.options;
        let mut connection = sqlx::PgConnection::connect_with(options).await.unwrap();
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        row.get::<Option<String>, _>(0).unwrap_or_default()
    }

    pub async fn remove(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        admin(&self.server, &sql).await;
    }
}

/// Runs an async test on both engines, and behind a pooler.
macro_rules! both {
    ($(async fn $name:ident($store:ident: &Store) $body:block)*) => { $(
        mod $name {
            use super::*;

            async fn body($store: &Store) $body

            #[tokio::test]
            async fn sqlite() {
                $crate::store::tests::run($crate::store::tests::Place::sqlite().await, async |it| {
                    body(it).await;
                })
                .await;
            }

            #[tokio::test]
            async fn postgres() {
                $crate::store::tests::run($crate::store::tests::Place::postgres().await, async |it| {
                    body(it).await;
                })
                .await;
            }

            #[tokio::test]
            async fn pgbouncer() {
                $crate::store::tests::run($crate::store::tests::Place::pooled().await, async |it| {
                    body(it).await;
                })
                .await;
            }
        }
    )* };
}
pub(crate) use both;

pub(crate) async fn run(place: Option<Place>, body: impl AsyncFnOnce(&Store)) {
    let Some(place) = place else { return };
    let store = place.open().await;
    body(&store).await;
    place.remove(store).await;
}
