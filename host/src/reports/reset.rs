//! `POST /global/spend/reset`: the spend of every key and team begins again. `/refresh` of the same
//! has nothing to do.

use serde_json::json;

use super::ask::{Asked, Input, MASTER};
use super::fault::{refused, store};
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::EntityKind;
use crate::store::{AuditEntry, WHOLE};

/// The window of `max_budget`; what was spent in all, rows and sums by day stay.
const WINDOW: &str = WHOLE;

/// Sets what keys and teams spent against their budget to zero. The master key only, as for
/// whatever cannot be taken back.
pub(super) async fn reset(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    Asked::body(&input, &[])?;
    if !caller.is_master() && !caller.is_local() {
        return Err(refused("only the master key may reset the spend of all"));
    }
    let now = reports.outside.now_ms();
    let mut change = reports.store.change(now).await.map_err(store)?;
    let kinds = [EntityKind::Key, EntityKind::Team];
    let holders = change.reset_spent(&kinds, WINDOW).await.map_err(store)?;
    change.audit(AuditEntry {
        at: now,
        actor: MASTER.to_owned(),
        actor_key: None,
        action: "spend_reset".to_owned(),
        kind: EntityKind::Proxy.as_str().to_owned(),
        id: String::new(),
        before: None,
        after: Some(json!({"holders": holders}).to_string()),
    });
    change.notice(EntityKind::Proxy, "");
    change.commit().await.map_err(store)?;
    reports.outside.spend_was_reset();
    Ok(json!({
        "message": "Spend for all API Keys and Teams reset successfully",
        "status": "success",
    })
    .into())
}

/// `POST /global/spend/refresh`: LiteLLM computes a view anew. Here sums move with each call.
pub(super) async fn refresh(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    Asked::body(&input, &[])?;
    reports.need_all(caller)?;
    Ok(json!({
        "message": "nothing to refresh: the sums are those of this moment",
        "status": "success",
    })
    .into())
}
