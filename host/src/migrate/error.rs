//! Why nothing was moved.

use crate::store::StoreError;

/// A migration that did not take place. Nothing of it is in the database, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// LiteLLM's database.
    #[error("LiteLLM's database: {0}")]
    Source(#[source] StoreError),
    /// Ours.
    #[error("the gateway's database: {0}")]
    Target(#[source] StoreError),
    #[error(
        "nothing was moved: none of the {values} encrypted values of LiteLLM's database opens with \
         this salt key; give LiteLLM's LITELLM_SALT_KEY, or its master key if it has none, by \
         `--salt-key` or in SLUICE_FROM_SALT_KEY"
    )]
    WrongSalt { values: usize },
    #[error(
        "nothing was moved: of {keys} keys that an earlier run brought, this database has none; \
         is it another LiteLLM's? A gateway takes over from one; start with an empty database to \
         take over from another"
    )]
    OtherSource { keys: usize },
    #[error("what was moved is in the database, the history of spend is not yet: {0}; run again")]
    History(#[source] StoreError),
    #[error("the report could not be written: {0}")]
    Report(#[from] std::io::Error),
}
