//! The spend row of a call that is over.

use std::mem;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::domain::{
    CallError, CallStatus, CostLine, ErrorKind, Fault, QUIET, SpendRow, Usage, Usd,
};

use super::super::answer::Trail;
use super::group::Held;
use super::permit::Permit;
use super::stake::line_payers;

impl Permit {
    /// Takes what it needs: the call is over.
    pub(super) fn row(
        &mut self,
        status: CallStatus,
        trail: &Trail,
        (group, lines, usage, cost): (&Held, Vec<CostLine>, Usage, Option<Usd>),
        fault: Option<(u16, &Fault)>,
        now: i64,
    ) -> SpendRow {
        let (party, source) = (mem::take(&mut self.party), mem::take(&mut self.source));
        let mut payers = party.payers;
        // Where the call went to several groups, each line names its own.
        let own = (!group.is_by_line() || lines.is_empty()).then_some(&group.payers);
        let own = own.into_iter().flatten().cloned();
        for payer in own.chain(lines.iter().flat_map(line_payers)) {
            if !payers.contains(&payer) {
                payers.push(payer);
            }
        }
        let since = trail.started.elapsed();
        let first_token = trail
            .first_token
            .map(|it| first_token_at(since.saturating_sub(it), self.started_ms, now));
        SpendRow {
            call_id: trail.call_id.as_str().to_owned(),
            provider_id: trail.provider_id.clone(),
            operation: trail.operation.to_owned(),
            status,
            started_ms: self.started_ms,
            first_token_ms: first_token,
            ended_ms: now,
            key_hash: party.key_hash,
            key_alias: party.key_alias,
            user_id: party.user_id,
            team_id: party.team_id,
            organization_id: party.organization_id,
            end_user: party.end_user,
            tags: party.tags,
            model_group: trail.model_group.clone(),
            deployment: trail.deployment_id().unwrap_or_default().to_owned(),
            provider: trail.provider().unwrap_or_default().to_owned(),
            model: trail.upstream_model.clone().unwrap_or_default(),
            api_base: trail.api_base().map(str::to_owned),
            usage,
            cost,
            lines,
            payers,
            price_version: self.prices.version().to_string(),
            cache_hit: trail.cache_key.is_some(),
            session_id: source.session_id,
            client_ip: source.client_ip,
            user_agent: source.user_agent,
            error: fault.map(|(status, fault)| error(status, fault)),
            metadata: trail
                .guards
                .over(source.metadata)
                .and_then(|it| RawValue::from_string(it).ok()),
            why: self.why.take(),
        }
    }
}

/// When the first token came, in milliseconds since 1970: so long before `now`. The call was
/// admitted at `started_ms`, later than its request arrived, from where its times are taken.
fn first_token_at(ago: Duration, started_ms: i64, now: i64) -> i64 {
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(ago).clamp(started_ms.min(now), now)
}

pub(super) fn error(status: u16, fault: &Fault) -> CallError {
    CallError {
        status,
        kind: fault.kind.as_str().to_owned(),
        message: match fault.kind {
            // The client heard no more than this either.
            ErrorKind::Internal => "internal error".to_owned(),
            _ if fault.is_quiet => QUIET.to_owned(),
            _ => fault.message.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_token_comes_between_the_admission_and_the_end_of_a_call_that_waited_for_it() {
        let at = |ago| first_token_at(Duration::from_millis(ago), 1_000, 1_042);
        assert_eq!((at(0), at(30), at(80)), (1_042, 1_012, 1_000));
        // The clock was set back while the call was under way.
        assert_eq!(
            first_token_at(Duration::from_millis(5), 2_000, 1_500),
            1_500
        );
    }
}
