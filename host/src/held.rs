//! What the database holds beside the file: settings, models, credentials and guardrails; and word of
//! their changes, from whoever changes them to whoever takes them over.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::config::{GUARDRAIL_ID, SECTIONS, STORED_GUARDRAIL, Stored};
use crate::domain::Secret;
use crate::store::{
    ConfigRow, CredentialRow, GuardrailRow, ModelRow, Query, SaltKey, Sealed, Store, StoreError,
};

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

    /// Settings, models, credentials and guardrails, as a file would have them. One that cannot be
    /// opened with the salt key is left out, but for a guardrail, with an error in the log.
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
        self.read_guardrails(&mut stored).await?;
        Ok(stored)
    }

    /// In the order in which they were made, which is the one in which they look.
    async fn read_guardrails(&self, stored: &mut Stored) -> Result<(), StoreError> {
        let query = Query::new().sorted("created_at", false);
        for row in self.store.list::<GuardrailRow>(&query).await?.rows {
            let name = row.guardrail_name;
            let mut params = row.doc.params;
            match self.open(&format!("the guardrail `{name}`"), &row.sealed) {
                Some(secrets) => params.extend(secrets.into_iter().map(of_json)),
                // Left out, it would let through what it is to stop: it stays, and cannot look.
                None => {
                    let kind = params.get("guardrail").and_then(Value::as_str);
                    let kind = format!("{} (sealed with another salt key)", kind.unwrap_or("?"));
                    params.insert("guardrail".to_owned(), kind.into());
                }
            }
            stored.guardrails.push(json!({
                "guardrail_name": name,
                GUARDRAIL_ID: row.id,
                STORED_GUARDRAIL: true,
                "litellm_params": params,
                "guardrail_info": row.doc.guardrail_info,
            }));
        }
        Ok(())
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

/// A value that was sealed as JSON.
fn of_json((name, text): (String, Value)) -> (String, Value) {
    let read = text.as_str().and_then(|it| serde_json::from_str(it).ok());
    (name, read.unwrap_or_default())
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
    use crate::config::is_of_config;
    use crate::store::Record as _;
    use crate::store::tests::{NOW, both};

    #[test]
    fn every_kind_of_row_that_is_read_here_is_followed() {
        let kinds = [
            ModelRow::KIND,
            CredentialRow::KIND,
            GuardrailRow::KIND,
            ConfigRow::KIND,
        ];
        assert!(kinds.into_iter().all(is_of_config) && !is_of_config("key"));
    }

    both! {
        async fn a_guardrail_of_another_salt_key_stays_and_cannot_look(store: &Store) {
            let salt = SaltKey::new(&Secret::new("own"));
            let mut row = GuardrailRow {
                id: "gr1".to_owned(),
                guardrail_name: "made".to_owned(),
                sealed: salt.seal_all([("api_key", "\"k\""), ("headers", "{\"a\":\"b\"}")]).unwrap(),
                ..GuardrailRow::default()
            };
            row.doc.params.insert("guardrail".to_owned(), "lakera".into());
            let mut change = store.change(NOW).await.unwrap();
            change.insert(&row).await.unwrap();
            change.commit().await.unwrap();
            let params = async |salt: SaltKey| {
                let stored = Held::new(store.clone(), salt).read().await.unwrap();
                assert_eq!((stored.guardrails.len(), &stored.guardrails[0][GUARDRAIL_ID]), (1, &json!("gr1")));
                stored.guardrails[0]["litellm_params"].clone()
            };
            let whole = json!({"guardrail": "lakera", "api_key": "k", "headers": {"a": "b"}});
            assert_eq!(params(salt).await, whole);
            let other = params(SaltKey::new(&Secret::new("other"))).await;
            assert_eq!(other, json!({"guardrail": "lakera (sealed with another salt key)"}));
        }
    }

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
