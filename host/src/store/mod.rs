//! All SQL of the house: entities, spend, settings, on SQLite or PostgreSQL with one behaviour.
//!
//! The store keeps what it is given. It knows no HTTP, no roles, no prices and no clock: times
//! come from the caller, in milliseconds since 1970. Our tables have a schema of their own and
//! no other is ever touched.

mod address;
mod audit;
mod backup;
mod batch_lines;
mod brought;
mod change;
mod changes;
mod check;
mod column;
mod crypto;
mod error;
mod gateways;
mod limits;
pub mod litellm;
mod migrate;
mod open;
mod others;
mod query;
mod record;
mod remote;
mod responses;
mod rotate;
mod rows;
mod sessions;
mod spend;
mod sql;
#[cfg(test)]
pub(crate) mod tests;

pub use address::{Address, Connections, Parts};
pub use audit::{AuditEntry, AuditFilter};
pub use brought::{Arrival, Arriving, Departure};
pub use change::Change;
pub use changes::{Changed, Notice};
pub use check::Holder;
pub use column::money;
pub use crypto::{SaltKey, Sealed};
pub use error::{Reason, StoreError};
pub use gateways::Gateway;
pub use limits::{Limits, amount};
pub use others::{
    AccessGroupDoc, AccessGroupRow, ConfigRow, CredentialRow, EndUserDoc, EndUserRow, GuardrailDoc,
    GuardrailRow, InvitationRow, ModelDoc, ModelRow, TagDoc, TagRow,
};
pub use query::{Filter, Page, Place, Query};
pub use record::{Record, Stamp};
pub use remote::{RemoteObject, RemotePage};
pub use rows::{
    BudgetDoc, BudgetRow, KeyDoc, KeyRow, MemberDoc, OrganizationDoc, OrganizationMemberRow,
    OrganizationRow, TeamDoc, TeamMemberRow, TeamRow, UserDoc, UserRow, member_id,
};
pub use sessions::StoredSession;
pub use spend::{
    Account, BroughtDay, BroughtSum, CachedCalls, Dimension, FailedCalls, FailedKind, LEASE_MS,
    LeaseAsk, LeaseOf, Leased, NextWindow, Pace, Settled, SpendFilter, SpendPlace, SpendSort,
    TOTAL, TagUse, TagUsers, UsageFilter, UsageRow, UsageSums, WHOLE, day_of, stored_id,
};
pub use sql::Value;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database that is open and up to date. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pools: open::Pools,
}

impl Store {
    /// Opens the database, makes it if it is a file that is missing, and brings its schema up
    /// to date.
    pub async fn open(address: &Address, now_ms: i64) -> Result<Self, StoreError> {
        let pools = open::Pools::open(address).await?;
        let older = migrate::run(&pools, now_ms).await;
        let older = older.map_err(|it| it.at(address))?;
        if !older.is_empty() {
            tracing::warn!(
                gateways = older.join("; "),
                "these gateways go on writing as the older schema was: end them, or usage pages lack what \
                 they serve from now on"
            );
        }
        Ok(Self { pools })
    }

    /// A change to look at what would become of it: on the database as it is, or on an empty one
    /// where there is none yet. Dropped, as it is meant to be, it leaves nothing behind, neither a
    /// file nor a schema.
    pub async fn rehearse(address: &Address, now_ms: i64) -> Result<Change, StoreError> {
        let pools = match address.path() {
            Some(path) if !path.exists() => open::Pools::memory().await?,
            _ => open::Pools::open(address).await?,
        };
        // The lock under which schemas change would hold up gateways that start.
        let connection = if migrate::is_current(&pools).await {
            pools.write().await?
        } else {
            let mut connection = migrate::begin(&pools).await?;
            migrate::up_to(&mut connection, migrate::newest(), now_ms).await?;
            connection
        };
        Ok(Change::new(connection, now_ms))
    }

    pub const fn engine(&self) -> Engine {
        self.pools.engine()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.pools.read().await?;
        let sql = "SELECT value FROM sluice.counters WHERE name = 'changes'";
        connection.row(sql, Vec::new()).await.map(drop)
    }

    /// Connections of each pool: its name, how many are in use, how many wait for use.
    pub fn connections(&self) -> Vec<(&'static str, u32, u32)> {
        self.pools.connections()
    }

    /// Begins to change entities.
    pub async fn change(&self, now_ms: i64) -> Result<Change, StoreError> {
        Ok(Change::new(self.pools.write().await?, now_ms))
    }

    /// One row by its id.
    pub async fn get<R: Record>(&self, id: &str) -> Result<Option<R>, StoreError> {
        change::get(&mut self.pools.read().await?, id, "").await
    }

    /// A page of rows, and how many there are.
    pub async fn list<R: Record>(&self, query: &Query) -> Result<Page<R>, StoreError> {
        query::list(&mut self.pools.snapshot().await?, query).await
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        self.pools.close().await;
    }
}
