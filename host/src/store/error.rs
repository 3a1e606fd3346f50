//! What goes wrong with a database, and the cure.

use std::path::{Path, PathBuf};

use super::{Address, Engine};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the database cannot be read.
    #[error("{what}; {cure}")]
    Address { what: String, cure: String },
    /// The database refuses to be opened or used; `cure` says what the operator can do.
    #[error("{what}; {cure}")]
    Refused {
        reason: Reason,
        what: String,
        cure: String,
        #[source]
        source: Option<sqlx::Error>,
    },
    /// Another row has this value already.
    #[error("{field} is taken already by another {entity}")]
    Duplicate { entity: &'static str, field: String },
    /// A text that does not fit.
    #[error("{field} of this {entity} is longer than {most} bytes")]
    TooLong {
        entity: &'static str,
        field: String,
        most: usize,
    },
    /// The row names another that does not exist.
    #[error("{field} `{value}` does not exist")]
    UnknownReference { field: &'static str, value: String },
    /// Other rows still name this one.
    #[error("{entity} is still in use by other rows")]
    InUse { entity: &'static str },
    /// There is no such row.
    #[error("there is no {entity} `{id}`")]
    NotFound { entity: &'static str, id: String },
    /// A filter or sort order names a column that the table does not offer.
    #[error("{entity} cannot be filtered or sorted by `{column}`")]
    UnknownColumn {
        entity: &'static str,
        column: String,
    },
    /// The database was written by a newer version.
    #[error(
        "the database has schema {found}, this version knows {known}; start the newer version \
         again, or restore a backup made before it ran"
    )]
    Newer { found: i64, known: i64 },
    /// A migration on record is not the one in this binary.
    #[error(
        "migration {version} on record differs from the one in this version; the database was \
         made by a modified build: start that build, or restore a backup"
    )]
    ForeignMigration { version: i64 },
    /// A stored value does not read back.
    #[error("stored {what} cannot be read: {why}")]
    Unreadable { what: String, why: String },
    /// A value cannot be opened with the salt key.
    #[error("{what} cannot be decrypted; is this the salt key that it was encrypted with?")]
    Undecryptable { what: String },
    /// What should be read is no LiteLLM database.
    #[error("{what}; {cure}")]
    NotLiteLlm { what: String, cure: String },
    /// A restore into a database that has rows.
    #[error(
        "the database is not empty; restore into an empty one, or say `--replace` to throw away \
         what it holds"
    )]
    NotEmpty,
    /// What is asked would take away what a running gateway remembers.
    #[error(
        "a gateway runs on this database ({gateways}); stop it first. One that was killed counts \
         as gone {seconds} s after it was seen last"
    )]
    GatewaysRun { gateways: String, seconds: i64 },
    /// A file that is no backup.
    #[error("{path} is no backup that can be restored: {why}")]
    NoBackup { path: PathBuf, why: String },
    /// A backup that is damaged or incomplete.
    #[error("the backup {path} cannot be read at line {line}: {why}")]
    BadBackup {
        path: PathBuf,
        line: usize,
        why: String,
    },
    /// A file refuses. The reason is part of the message: it is all that the operator sees.
    #[error("cannot {action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// A statement that should have worked. The reason is part of the message: where this is
    /// handled there is no other.
    #[error("the database refuses a statement: {0}")]
    Database(#[source] sqlx::Error),
}

/// The ways in which a database refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NoSuchDatabase,
    NoPermission,
    WrongPassword,
    Unreachable,
    TlsRequired,
    ReadOnly,
    DiskFull,
    Locked,
    Corrupted,
    /// Every connection is in use.
    Busy,
    /// A pooler stands in between, and the URL does not say so.
    Pooled,
}

impl StoreError {
    pub(super) fn null(column: &str) -> Self {
        Self::unreadable(column, "it is NULL")
    }

    pub(super) fn unreadable(what: &str, why: impl ToString) -> Self {
        Self::Unreadable {
            what: what.to_owned(),
            why: why.to_string(),
        }
    }

    pub(super) fn file(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    /// The same, with the address of the database that refused.
    pub(super) fn at(self, address: &Address) -> Self {
        match self {
            Self::Refused {
                reason,
                what,
                cure,
                source,
            } => Self::Refused {
                reason,
                what: format!("{what} ({address})"),
                cure,
                source,
            },
            other => other,
        }
    }

    /// Whether the same may succeed later without anybody changing anything.
    pub const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                reason: Reason::Unreachable | Reason::Locked | Reason::Busy | Reason::DiskFull,
                ..
            }
        )
    }

    /// How the database refused, if it did.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let Some((reason, what, cure)) = refusal(&source) else {
            return constraint(source);
        };
        Self::Refused {
            reason,
            what: what.to_owned(),
            cure: cure.to_owned(),
            source: Some(source),
        }
    }
}

type Refusal = (Reason, &'static str, &'static str);

fn refusal(source: &sqlx::Error) -> Option<Refusal> {
    match source {
        sqlx::Error::Io(_) => Some((
            Reason::Unreachable,
            "the database does not answer at its address",
            "check that the server runs, and host and port of the database URL",
        )),
        sqlx::Error::Tls(_) => Some((
            Reason::TlsRequired,
            "the encrypted connection to the database failed",
            "check `sslmode`, and that the server's certificate is signed by an authority that \
             this machine trusts (or is named by `sslrootcert`)",
        )),
        sqlx::Error::PoolTimedOut => Some((
            Reason::Busy,
            "no connection to the database became free in time",
            "raise `connection_limit` or `pool_timeout` in the database URL, or see why the \
             database is slow",
        )),
        sqlx::Error::Database(cause) => {
            let code = cause.code().unwrap_or_default();
            if cause
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .is_some()
            {
                postgres(&code, cause.message())
            } else {
                sqlite(&code)
            }
        }
        _ => None,
    }
}

const POOLED: Refusal = (
    Reason::Pooled,
    "a pooler (PgBouncer in transaction mode) stands before the database, and the URL does not \
     say so",
    "add `pgbouncer=true` to the database URL",
);

/// By SQLSTATE.
fn postgres(code: &str, message: &str) -> Option<Refusal> {
    Some(match code {
        "3D000" => (
            Reason::NoSuchDatabase,
            "the database named by the URL does not exist",
            "create it (`createdb NAME`), or correct the name in the URL",
        ),
        "28P01" => (
            Reason::WrongPassword,
            "the database refuses the user name or password",
            "correct them in the URL; special characters must be percent-encoded",
        ),
        "28000" if message.contains("no encryption") || message.contains("SSL off") => (
            Reason::TlsRequired,
            "the database takes encrypted connections only",
            "add `sslmode=require` to the database URL",
        ),
        "28000" => (
            Reason::WrongPassword,
            "the database refuses this user from this machine",
            "create the role, or let it in through `pg_hba.conf`",
        ),
        "42501" => (
            Reason::NoPermission,
            "the database user may not do this",
            "as an owner of the database run `GRANT CREATE ON DATABASE name TO user;`, or create \
             the schema for it: `CREATE SCHEMA sluice AUTHORIZATION user;`",
        ),
        "53100" => (
            Reason::DiskFull,
            "the disk of the database is full",
            "free space on the database server",
        ),
        "53300" => (
            Reason::Busy,
            "the database has no connection left",
            "lower `connection_limit` in the URL, raise `max_connections` of the server, or put \
             PgBouncer in between",
        ),
        "57P01" | "57P02" | "57P03" | "08000" | "08001" | "08003" | "08006" => (
            Reason::Unreachable,
            "the database is starting up or shutting down",
            "wait until it accepts connections",
        ),
        "55P03" | "40P01" | "40001" => (
            Reason::Locked,
            "another transaction holds what this one needs",
            "try again",
        ),
        "25006" => (
            Reason::ReadOnly,
            "the database is read-only",
            "point the URL at the primary, not at a replica",
        ),
        // A statement was prepared on another connection of the server than it is run on; or a
        // parameter of the connection is none that the pooler passes on.
        "26000" | "42P05" => POOLED,
        "08P01" if message.contains("startup parameter") => POOLED,
        "XX001" | "XX002" => (
            Reason::Corrupted,
            "the database has damaged pages",
            "restore a backup",
        ),
        _ => return None,
    })
}

/// By SQLite's primary result code, the low byte of the extended one.
fn sqlite(code: &str) -> Option<Refusal> {
    Some(match code.parse::<u32>().ok()? & 0xff {
        3 | 8 => (
            Reason::ReadOnly,
            "the database file may not be written",
            "let the gateway's user write the file and its folder, or name another place",
        ),
        5 | 6 => (
            Reason::Locked,
            "the database file is locked by another process",
            "end the other process; several gateways need PostgreSQL",
        ),
        10 | 14 => (
            Reason::NoPermission,
            "the database file cannot be opened",
            "check that its folder exists and that the gateway's user may write there",
        ),
        11 | 26 => (
            Reason::Corrupted,
            "the database file is damaged or is no SQLite database",
            "move it away and restore a backup (`sluice restore`)",
        ),
        13 => (
            Reason::DiskFull,
            "the disk of the database file is full",
            "free space, or shorten the retention of spend rows",
        ),
        _ => return None,
    })
}

/// Broken promises between rows. Fields are named after the convention of the schema: unique
/// indexes are called `<table>_<column>`.
fn constraint(source: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(cause) = &source else {
        return StoreError::Database(source);
    };
    if cause.is_foreign_key_violation() {
        return StoreError::InUse { entity: "this" };
    }
    if !cause.is_unique_violation() {
        return StoreError::Database(source);
    }
    let field = match cause.constraint() {
        Some(name) => name.to_owned(),
        // `UNIQUE constraint failed: keys.alias`
        None => {
            let columns = cause.message().rsplit(": ").next().unwrap_or_default();
            columns
                .split(", ")
                .last()
                .unwrap_or_default()
                .replace('.', "_")
        }
    };
    StoreError::Duplicate {
        entity: "row",
        field,
    }
}

/// What to say when the file or server of this engine could not be reached in time.
pub(super) fn timed_out(engine: Engine, seconds: u64) -> StoreError {
    let (what, cure) = match engine {
        Engine::Sqlite => ("the database file", "end the other process that holds it"),
        Engine::Postgres => (
            "the database",
            "check that the server runs, and host, port and firewall",
        ),
    };
    StoreError::Refused {
        reason: Reason::Unreachable,
        what: format!("{what} did not answer within {seconds} s"),
        cure: cure.to_owned(),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reason, postgres};

    #[test]
    fn each_refusal_of_a_server_has_its_reason_and_cure() {
        let known = [
            ("3D000", Reason::NoSuchDatabase, "createdb"),
            ("28P01", Reason::WrongPassword, "percent-encoded"),
            ("28000", Reason::WrongPassword, "pg_hba.conf"),
            ("42501", Reason::NoPermission, "GRANT CREATE"),
            ("53100", Reason::DiskFull, "free space"),
            ("53300", Reason::Busy, "max_connections"),
            ("57P01", Reason::Unreachable, "wait until"),
            ("57P02", Reason::Unreachable, "wait until"),
            ("57P03", Reason::Unreachable, "wait until"),
            ("25006", Reason::ReadOnly, "at the primary"),
            ("XX001", Reason::Corrupted, "restore"),
        ];
        for (code, reason, part) in known {
            let (found, what, cure) = postgres(code, "").unwrap();
            assert_eq!(found, reason, "{code}: {what}");
            assert!(cure.contains(part), "{code}: {cure}");
        }
        assert!(
            postgres("23505", "").is_none(),
            "a constraint is no refusal"
        );
    }

    #[test]
    fn a_server_that_demands_encryption_is_told_from_an_unknown_user() {
        let message = "no pg_hba.conf entry for host \"::1\", user \"u\", no encryption";
        let (reason, _, cure) = postgres("28000", message).unwrap();
        assert_eq!(reason, Reason::TlsRequired);
        assert!(cure.contains("sslmode=require"), "{cure}");
    }
}
