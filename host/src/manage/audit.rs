//! The audit log, for reading: `/audit` and `/audit/{id}`. It is only ever appended to.

use serde_json::{Value, json};

use super::cursor::{CURSOR, List};
use super::fault::{absent, bad};
use super::fields::{Field, Given, Kind};
use super::input::Paging;
use super::{Answer, Input, Manage, time};
use crate::auth::Caller;
use crate::store::{AuditEntry, AuditFilter};

const FILTERS: &[Field] = &[
    Field("page", Kind::Any),
    Field("page_size", Kind::Any),
    Field("changed_by", Kind::Text),
    Field("changed_by_api_key", Kind::Text),
    Field("action", Kind::Text),
    Field("table_name", Kind::Text),
    Field("object_id", Kind::Text),
    Field("start_date", Kind::Moment),
    Field("end_date", Kind::Moment),
];

/// Entries are numbered as they are written.
const LOG: List = List {
    kind: "audit",
    column: "seq",
    descending: true,
};

/// LiteLLM's tables, and what we call what stands in them.
const TABLES: &[(&str, &str)] = &[
    ("LiteLLM_VerificationToken", "key"),
    ("LiteLLM_TeamTable", "team"),
    ("LiteLLM_TeamMembership", "team_member"),
    ("LiteLLM_UserTable", "user"),
    ("LiteLLM_OrganizationTable", "organization"),
    ("LiteLLM_OrganizationMembership", "organization_member"),
    ("LiteLLM_EndUserTable", "end_user"),
    ("LiteLLM_BudgetTable", "budget"),
    ("LiteLLM_TagTable", "tag"),
    ("LiteLLM_AccessGroupTable", "access_group"),
    ("LiteLLM_ProxyModelTable", "model"),
    ("LiteLLM_CredentialsTable", "credential"),
    ("LiteLLM_GuardrailsTable", "guardrail"),
    ("LiteLLM_Config", "config"),
    ("LiteLLM_InvitationLink", "invitation"),
];

fn table(kind: &str) -> &str {
    let known = TABLES.iter().find(|(_, it)| *it == kind);
    known.map_or(kind, |(table, _)| table)
}

/// `GET /audit`: pages of entries by number or by cursor, the newest first, filtered.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see the audit log")?;
    let asked = input.query_fields(&[FILTERS, CURSOR])?;
    let paging = Paging::read(&input.query, "page_size", 10, 100)?;
    let before = LOG.begins(&asked, paging, |place| place.parse::<i64>().ok())?;
    let filter = filter(&asked);
    let total = m.store.audit_count(&filter).await?;
    let filter = AuditFilter {
        before_seq: before,
        ..filter
    };
    let offset = paging.offset();
    let size = usize::try_from(paging.size).unwrap_or(100);
    // A page beyond the last is empty, and no number that a database does not take.
    let mut entries = if offset < total {
        // One more tells whether there is a next page.
        let limit = u32::try_from(size + 1).unwrap_or(u32::MAX);
        m.store.audit_page(&filter, offset, limit).await?
    } else {
        Vec::new()
    };
    let more = entries.len() > size;
    entries.truncate(size);
    let last = entries.last().filter(|_| more);
    let shown: Vec<Value> = entries.iter().map(|(seq, it)| show(*seq, it)).collect();
    Ok(json!({
        "audit_logs": shown,
        "total": total,
        "page": Some(paging.page).filter(|_| before.is_none()),
        "page_size": paging.size,
        "total_pages": paging.pages(total),
        "next_cursor": last.map(|(seq, _)| LOG.cursor(&seq.to_string())),
    }))
}

/// The entries that are asked for, wherever the page begins.
fn filter(asked: &Given) -> AuditFilter {
    let named = asked.text("table_name").map(|it| {
        let known = TABLES.iter().find(|(table, _)| *table == it);
        known.map_or(it, |(_, kind)| (*kind).to_owned())
    });
    let moment = |name: &str| asked.text(name).as_deref().and_then(time::parse);
    AuditFilter {
        kind: named,
        id: asked.text("object_id"),
        actor: asked.text("changed_by"),
        actor_key: asked.text("changed_by_api_key"),
        action: asked.text("action"),
        from_ms: moment("start_date"),
        until_ms: moment("end_date"),
        ..AuditFilter::default()
    }
}

/// `GET /audit/{id}`.
pub(super) async fn one(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see the audit log")?;
    input.query_fields(&[])?;
    let id = input.part("id")?;
    let seq: Option<i64> = id.parse().ok();
    let seq =
        seq.ok_or_else(|| bad("id", "`id` must be the number of an entry").with_status(404))?;
    let filter = AuditFilter {
        seq: Some(seq),
        ..AuditFilter::default()
    };
    let found = m.store.audit_log(&filter, 1).await?.pop();
    let (seq, entry) = found.ok_or_else(|| absent("id", "audit entry", id))?;
    Ok(show(seq, &entry))
}

fn show(seq: i64, entry: &AuditEntry) -> Value {
    let document = |text: &Option<String>| -> Value {
        let read = text.as_deref().map(serde_json::from_str);
        read.and_then(Result::ok).unwrap_or_default()
    };
    json!({
        "id": seq.to_string(),
        "updated_at": time::iso(entry.at),
        "changed_by": entry.actor,
        "changed_by_api_key": entry.actor_key,
        "action": entry.action,
        "table_name": table(&entry.kind),
        "object_id": entry.id,
        "before_value": document(&entry.before),
        "updated_values": document(&entry.after),
    })
}
