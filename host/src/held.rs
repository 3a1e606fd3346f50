//! What the database holds beside the file: settings, models and credentials; and word of their
//! changes, from whoever changes them to whoever takes them over.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::config::{SECTIONS, Stored};
use crate::domain::Secret;
use crate::store::{ConfigRow, CredentialRow, ModelRow, Query, SaltKey, Sealed, Store, StoreError};

/// How long an answer waits for a change to be in force.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads what the database holds.
#[derive(Debug, Clone)]
pub struct Held {
    store: Store,
    salt: SaltKey,
}

impl Held {
    pub const fn new(store: Store, salt: SaltKey) -> Self {
        Self { store, salt }
    }

    /// Settings, models and credentials, as a file would have them. One that cannot be opened with
    /// the salt key is left out, with an error in the log.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read(&self) -> Result<Stored, StoreError> {
        let mut stored = Stored::default();
        for name in SECTIONS {
            let Some(row) = self.store.get::<ConfigRow>(name).await? else {
                continue;
            };
            let mut settings = row.doc.as_object().cloned().unwrap_or_default();
            settings.extend(
                self.open(&format!("`{name}`"), &row.sealed)
                    .unwrap_or_default(),
            );
            if !settings.is_empty() {
                stored.settings.insert(name.to_owned(), settings.into());
            }
        }
        for row in self.store.list::<ModelRow>(&Query::new()).await?.rows {
            let opened = self.open(&format!("the model `{}`", row.model_name), &row.sealed);
            if let Some(secrets) = opened.filter(|_| !row.blocked) {
                let mut params = row.doc.params;
                params.extend(secrets);
                let mut info = row.doc.model_info;
                info.insert("id".into(), row.id.into());
                info.insert("db_model".into(), true.into());
                stored.models.push(
                    json!({"model_name": row.model_name, "litellm_params": params, "model_info": info}),
                );
            }
        }
        for row in self.store.list::<CredentialRow>(&Query::new()).await?.rows {
            if let Some(values) = self.open(&format!("the credential `{}`", row.id), &row.sealed) {
                stored.credentials.push(json!({"credential_name": row.id, "credential_values": values, "credential_info": row.doc}));
            }
        }
        Ok(stored)
    }

    fn open(&self, what: &str, sealed: &Sealed) -> Option<Map<String, Value>> {
        let text = |(name, value): (String, Secret)| (name, Value::from(value.reveal()));
        match self.salt.open_all(sealed) {
            Ok(values) => Some(values.into_iter().map(text).collect()),
            Err(cause) => {
                tracing::error!(%cause, "{what} of the database cannot be used");
                None
            }
        }
    }
}

/// Word of changes. Clones share it.
#[derive(Clone)]
pub struct Word {
    told: watch::Sender<u64>,
    taken: watch::Sender<Taken>,
    /// The config is to be read anew although nothing that is known has changed.
    anew: Arc<AtomicBool>,
}

/// How far what was told is taken over, and why the last of it is not.
#[derive(Debug, Clone, Default)]
struct Taken {
    upto: u64,
    refused: Option<Arc<str>>,
}

impl Default for Word {
    fn default() -> Self {
        Self {
            told: watch::Sender::new(0),
            taken: watch::Sender::new(Taken::default()),
            anew: Arc::default(),
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Word")
    }
}

impl Word {
    /// Something that the database holds was changed, here or by another replica.
    pub fn tell(&self) {
        self.told.send_modify(|it| *it = it.saturating_add(1));
    }

    /// The config is to be read anew, whatever changed.
    pub fn tell_anew(&self) {
        self.anew.store(true, Ordering::Release);
        self.tell();
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// Whether the config is to be read anew; asked once for each time that it was told.
    pub fn is_anew(&self) -> bool {
        self.anew.swap(false, Ordering::AcqRel)
    }

    /// Everything that was told up to this number is taken over, or refused for a reason.
    pub fn done(&self, upto: u64, refused: Option<&str>) {
        let refused = refused.map(Arc::from);
        self.taken.send_replace(Taken { upto, refused });
    }

    /// Waits until what was told by now is taken over.
    ///
    /// # Errors
    /// It is refused, or takes too long, in words.
    pub async fn settled(&self) -> Result<(), String> {
        let told = *self.told.borrow();
        let mut taken = self.taken.subscribe();
        let waited = tokio::time::timeout(PATIENCE, taken.wait_for(|it| it.upto >= told)).await;
        match waited {
            Ok(Ok(taken)) => match &taken.refused {
                None => Ok(()),
                Some(why) => Err(why.to_string()),
            },
            Ok(Err(_)) => Err("the gateway stops".to_owned()),
            Err(_) => Err("it is not taken over yet".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_tells_waits_until_it_is_taken_over_and_hears_why_it_is_not() {
        let word = Word::default();
        let mut changes = word.changes();
        word.tell();
        let taking = async {
            changes.changed().await.unwrap();
            word.done(*changes.borrow_and_update(), Some("it is wrong"));
        };
        let (settled, ()) = tokio::join!(word.settled(), taking);
        assert_eq!(settled, Err("it is wrong".to_owned()));
        word.tell_anew();
        assert!(word.is_anew() && !word.is_anew());
        // Nobody takes it over.
        assert!(word.settled().await.is_err());
        word.done(2, None);
        assert_eq!(word.settled().await, Ok(()));
    }
}
