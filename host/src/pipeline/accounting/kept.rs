//! Responses that callers may ask for again, and whose they are.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::domain::{At, ErrorKind, Fault, StoredResponse};

use super::super::kept::Memory;
use super::super::owner::owner;
use super::retention::{BATCH, PAUSE};
use super::{Accounting, now_ms};

/// How often old responses are looked for. They are found no more before that.
const EVERY: Duration = Duration::from_secs(600);

impl Accounting {
    /// Where the responses of a caller are kept. None: nobody could ask for them.
    pub fn memory(&self, caller: &Caller) -> Option<Memory> {
        Some(Memory {
            responses: self.inner.responses.clone(),
            settings: self.inner.settings.load().responses,
            owner: owner(caller)?,
        })
    }

    /// Whether a response is whoever's that knows its id.
    pub fn has_open_responses(&self) -> bool {
        self.inner.settings.load().responses.is_open
    }

    /// A response of the caller's, or of anybody's for who may see all. `changes`: it is to be
    /// changed, which not everybody may who sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn find_response(
        &self,
        caller: &Caller,
        id: &str,
        changes: bool,
    ) -> Result<Option<Arc<StoredResponse>>, Fault> {
        let inner = &self.inner;
        let settings = inner.settings.load().responses;
        let found = inner.responses.find(&inner.store, id).await;
        let found = found.map_err(|cause| unreadable(&cause))?;
        let all = match changes {
            true => caller.is_admin(),
            false => caller.sees_all(),
        };
        let own = owner(caller);
        let keep_for = i64::try_from(settings.keep_for.as_millis()).unwrap_or(i64::MAX);
        let oldest = now_ms().saturating_sub(keep_for);
        Ok(found.filter(|it| {
            let owns = own.as_ref() == Some(&it.owner);
            it.created_ms >= oldest && (settings.is_open || all || owns)
        }))
    }

    /// Books a response whose account is open, by `book`; false: it has none.
    ///
    /// # Errors
    /// It cannot be booked, or the database cannot be asked.
    pub async fn book_response(
        &self,
        id: &str,
        book: impl FnOnce(&str) -> Result<(), Fault> + Send,
    ) -> Result<bool, Fault> {
        let inner = &self.inner;
        inner.responses.book(&inner.store, id, book).await
    }

    /// Forgets a response.
    ///
    /// # Errors
    /// The database does not forget it.
    pub async fn forget_response(&self, id: &str) -> Result<(), Fault> {
        let forgotten = self.inner.responses.forget(&self.inner.store, id).await;
        forgotten.map_err(|cause| unreadable(&cause))
    }

    /// Brings responses to the database until `stop`, then what is left.
    pub async fn write_responses(self, stop: CancellationToken) {
        self.inner.responses.run(&self.inner.store, &stop).await;
    }

    /// Deletes responses whose time is over, until `stop`.
    pub async fn forget_responses(self, stop: CancellationToken) {
        let due = || stop.run_until_cancelled(tokio::time::sleep(EVERY));
        while due().await.is_some() {
            let keep = self.inner.settings.load().responses.keep_for;
            let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
            let before = now_ms().saturating_sub(keep);
            while !stop.is_cancelled() {
                match self.inner.store.forget_responses(before, BATCH).await {
                    Ok(gone) if gone < u64::from(BATCH) => break,
                    Ok(_) => tokio::time::sleep(PAUSE).await,
                    Err(cause) => {
                        tracing::warn!(%cause, "old responses could not be deleted; the next try is in {} s", EVERY.as_secs());
                        break;
                    }
                }
            }
        }
    }
}

fn unreadable(cause: &crate::store::StoreError) -> Fault {
    let message = "the database does not answer for stored responses; try again";
    let mut fault = Fault::ours(message, cause.to_string()).at(At::Door);
    fault.kind = ErrorKind::Overloaded;
    fault
}

#[cfg(test)]
mod tests {
    use super::super::others::tests::Replica;
    use super::*;
    use crate::auth::samples;
    use crate::store::tests::{Place, response};

    async fn found(accounting: &Accounting, caller: &Caller, id: &str, changes: bool) -> bool {
        let found = accounting.find_response(caller, id, changes).await;
        found.unwrap().is_some()
    }

    #[tokio::test]
    async fn a_response_is_found_by_its_owner_and_admins_until_its_time_is_over() {
        let place = Place::sqlite().await.unwrap();
        let store = place.open().await;
        let accounting = Replica::start(&store).accounting;
        let own = samples::key_alone("abc");
        let stored = |id: &str, created_ms: i64| {
            Arc::new(StoredResponse {
                owner: owner(&own).unwrap(),
                created_ms,
                ..StoredResponse::clone(&response(id))
            })
        };
        let keep_for = crate::pipeline::ResponseSettings::KEEP_FOR.as_millis();
        let old = now_ms() - i64::try_from(keep_for).unwrap() - 1;
        let both = [stored("resp_new", now_ms()), stored("resp_old", old)];
        store.keep_responses(&both).await.unwrap();
        let (other, master) = (samples::key_alone("other"), samples::master());
        for (caller, sees) in [(&own, true), (&master, true), (&other, false)] {
            for changes in [false, true] {
                assert_eq!(found(&accounting, caller, "resp_new", changes).await, sees);
            }
        }
        assert!(!found(&accounting, &Caller::anonymous(), "resp_new", false).await);
        assert!(!found(&accounting, &own, "resp_old", false).await);
        accounting.forget_response("resp_new").await.unwrap();
        assert!(!found(&accounting, &own, "resp_new", false).await);
        place.remove(store).await;
    }

    #[tokio::test]
    async fn who_sees_everything_and_changes_nothing_deletes_no_response_of_others() {
        let place = Place::sqlite().await.unwrap();
        let store = place.open().await;
        let accounting = Replica::start(&store).accounting;
        let new = Arc::new(StoredResponse {
            created_ms: now_ms(),
            ..StoredResponse::clone(&response("resp_1"))
        });
        store.keep_responses(&[new]).await.unwrap();
        let viewer = samples::person(crate::auth::Role::ProxyAdminViewer, "ann");
        assert!(found(&accounting, &viewer, "resp_1", false).await);
        assert!(!found(&accounting, &viewer, "resp_1", true).await);
        place.remove(store).await;
    }
}
