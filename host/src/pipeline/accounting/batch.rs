//! A batch is charged when it has ended, to those who were to pay for it when it was made.

use std::sync::{Arc, PoisonError};

use super::super::fleet::Line;
use super::super::remote::Results;
use super::super::request::ClientRequest;
use super::party::{Party, payer};
use super::stake::deployment_payers;
use super::{Accounting, Pricer, Source, now_ms};
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
        source: &Source,
    ) -> Result<String, Fault> {
        let inner = &self.inner;
        let settings = inner.settings.load_full();
        let party = Party::of(caller, request, &inner.keys, &settings, &[]).await?;
        let bare = Source::default();
        let source = if settings.bare_rows { &bare } else { source };
        let now = now_ms();
        let row = SpendRow {
            call_id: String::new(),
            provider_id: None,
            operation: OPERATION.to_owned(),
            status: CallStatus::Success,
            started_ms: now,
            first_token_ms: None,
            ended_ms: now,
            key_hash: party.key_hash,
            key_alias: party.key_alias,
            user_id: party.user_id,
            team_id: party.team_id,
            organization_id: party.organization_id,
            end_user: party.end_user,
            tags: party.tags,
            model_group: request.controls.model.clone(),
            deployment: String::new(),
            provider: String::new(),
            model: String::new(),
            api_base: None,
            usage: Usage::default(),
            cost: None,
            lines: Vec::new(),
            payers: party.payers,
            price_version: String::new(),
            cache_hit: false,
            session_id: source.session_id.clone(),
            client_ip: source.client_ip.clone(),
            user_agent: source.user_agent.clone(),
            error: None,
            metadata: None,
            why: None,
        };
        serde_json::to_string(&row)
            .map_err(|cause| Fault::ours("the batch cannot be accounted for", cause.to_string()))
    }

    /// What prices the results of a batch that was made then.
    pub fn batch_pricer(&self, started_ms: i64) -> Pricer {
        Pricer {
            settings: self.inner.settings.load_full(),
            prices: self.inner.prices.load_full(),
            wishes: Arc::default(),
            started_ms,
            batch: true,
        }
    }

    /// The row of a batch: its account with what its results come to. `id`: the batch's, ours.
    pub fn row_of_batch(
        &self,
        account: SpendRow,
        (id, remote_id): (&str, &str),
        line: &Line,
        results: Results,
    ) -> SpendRow {
        let deployment = &line.deployment;
        let bill = CostLine {
            deployment: deployment.id.as_str().to_owned(),
            provider: deployment.provider.clone(),
            model: results.model.clone(),
            usage: results.usage.clone(),
            cost: results.cost,
            estimated: false,
        };
        let mut payers = account.payers;
        payers.extend(deployment_payers(&bill));
        SpendRow {
            call_id: id.to_owned(),
            provider_id: Some(remote_id.to_owned()),
            ended_ms: now_ms(),
            deployment: bill.deployment.clone(),
            provider: bill.provider.clone(),
            model: results.model,
            api_base: line.api_base.clone(),
            usage: results.usage,
            cost: results.cost,
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
        let shares: Vec<_> = opened
            .iter()
            .map(|(payer, path)| (path, row.share_of(payer).unwrap_or_default()))
            .collect();
        inner
            .journal
            .record(row)
            .map_err(|cause| Fault::ours("the batch cannot be written down", cause.to_string()))?;
        for (path, share) in shares {
            inner.settled(path.charge(share, now), None);
        }
        drop(closing);
        Ok(())
    }
}
