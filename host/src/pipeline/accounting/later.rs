//! What is charged when it has ended, to those who were to pay for it when it was begun: a batch, a
//! response that is made in the background.

use std::sync::{Arc, PoisonError};

use super::super::fleet::Line;
use super::super::request::ClientRequest;
use super::party::{Party, payer};
use super::stake::deployment_payers;
use super::{Accounting, Pricer, Served, Source, now_ms};
use crate::auth::Caller;
use crate::domain::{CallStatus, CostLine, Fault, SpendRow, Usage};

/// What rows of batches are called.
const OPERATION: &str = "batches";

impl Accounting {
    /// Whom a batch is charged to, as a row without its cost.
    ///
    /// # Errors
    /// A payer is blocked or cannot be read.
    pub async fn account_of(
        &self,
        caller: &Caller,
        request: &ClientRequest,
        served: &Served<'_>,
        source: &Source,
    ) -> Result<String, Fault> {
        let inner = &self.inner;
        let settings = inner.settings.load_full();
        let mut party = Party::of(caller, request, &inner.keys, &settings).await?;
        let dues = party.dues(&inner.keys, served).await?;
        party.payers.extend(dues.payers);
        let bare = Source::default();
        let source = if settings.bare_rows { &bare } else { source };
        let row = party.account(OPERATION, &request.controls.model, (source, now_ms()));
        serde_json::to_string(&row)
            .map_err(|cause| Fault::ours("the batch cannot be accounted for", cause.to_string()))
    }

    /// What prices what was made for a call that began then: a batch, or one response.
    pub fn later_pricer(&self, started_ms: i64, batch: bool) -> Pricer {
        Pricer {
            settings: self.inner.settings.load_full(),
            prices: self.inner.prices.load_full(),
            wishes: Arc::default(),
            started_ms,
            batch,
        }
    }

    /// The row of what is charged later: its account with what it came to at a deployment.
    /// `remote_id`: the provider's id of it.
    pub fn row_of_later(
        &self,
        account: SpendRow,
        remote_id: &str,
        (line, bill): (&Line, CostLine),
    ) -> SpendRow {
        let mut payers = account.payers;
        payers.extend(deployment_payers(&bill));
        SpendRow {
            provider_id: Some(remote_id.to_owned()),
            ended_ms: now_ms(),
            deployment: bill.deployment.clone(),
            provider: bill.provider.clone(),
            model: bill.model.clone(),
            api_base: line.api_base.clone(),
            usage: bill.usage.clone(),
            cost: bill.cost,
            lines: vec![bill],
            payers,
            price_version: self.prices().version().to_string(),
            ..account
        }
    }

    /// Books a row of no call that was let in: it is in the journal when this returns, and the
    /// database takes it once, by its id.
    ///
    /// # Errors
    /// The journal does not take it.
    pub fn book(&self, row: SpendRow) -> Result<(), Fault> {
        let inner = &self.inner;
        let now = now_ms();
        let ids = inner.said.ids().into_iter();
        let paying = ids.filter(|id| row.payers.contains(&payer(id)));
        let opened = paying.filter_map(|id| {
            let path = inner.ledger.path(std::slice::from_ref(&id)).ok()?;
            Some((payer(&id), path))
        });
        let opened: Vec<_> = opened.collect();
        let closing = inner.closing.read().unwrap_or_else(PoisonError::into_inner);
        inner.callbacks.booked(&row);
        let shares: Vec<_> = opened
            .iter()
            .map(|(payer, path)| (path, row.share_of(payer).unwrap_or_default()))
            .collect();
        inner.journal.record(row).map_err(|cause| {
            Fault::ours("what was made cannot be written down", cause.to_string())
        })?;
        for (path, share) in shares {
            inner.settled(path.charge(share, now), None);
        }
        drop(closing);
        Ok(())
    }
}

impl Party {
    /// Its account of something: a row that is no call's yet, and without a cost.
    pub(super) fn account(
        self,
        operation: &str,
        model_group: &str,
        (source, now): (&Source, i64),
    ) -> SpendRow {
        SpendRow {
            call_id: String::new(),
            provider_id: None,
            operation: operation.to_owned(),
            status: CallStatus::Success,
            started_ms: now,
            first_token_ms: None,
            ended_ms: now,
            key_hash: self.key_hash,
            key_alias: self.key_alias,
            user_id: self.user_id,
            team_id: self.team_id,
            organization_id: self.organization_id,
            end_user: self.end_user,
            tags: self.tags,
            model_group: model_group.to_owned(),
            deployment: String::new(),
            provider: String::new(),
            model: String::new(),
            api_base: None,
            usage: Usage::default(),
            cost: None,
            lines: Vec::new(),
            payers: self.payers,
            price_version: String::new(),
            cache_hit: false,
            session_id: source.session_id.clone(),
            client_ip: source.client_ip.clone(),
            user_agent: source.user_agent.clone(),
            error: None,
            metadata: None,
            why: None,
        }
    }
}
