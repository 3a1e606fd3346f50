//! Where a run stands: its id, its trace, and its order in it.
//!
//! A `dotted_order` is the time and the id of each run from the root to this one, with points
//! between: `20251127T151044123456Z<root>.20251127T151045000000Z<this>`. The service refuses one
//! that does not begin with the trace's id or end with the run's.

use sluice_records::{Record, ids};

/// What says where a run stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub id: String,
    pub trace: String,
    pub parent: Option<String>,
    pub order: String,
}

/// The place that the request names in its metadata, if it names all of it; else a root.
pub fn of(record: Record<'_>) -> Place {
    let uuid = |name: &str| record.asked(name).as_str().and_then(ids::as_uuid);
    let id = uuid("run_id").unwrap_or_else(|| record.uuid_at("run"));
    let own = format!("{}{id}", record.started().compact());
    let (parent, trace) = (uuid("parent_run_id"), uuid("trace_id"));
    let named = record.asked_text("dotted_order");
    if let (Some(parent), Some(trace), Some(order)) = (parent, trace, named) {
        let order = match order.ends_with(&parent) {
            true => format!("{order}.{own}"),
            false => order,
        };
        let runs: Vec<&str> = order.split('.').collect();
        let is = |run: Option<&&str>, id: &str| run.is_some_and(|it| it.ends_with(id));
        let above = runs.len().checked_sub(2).and_then(|at| runs.get(at));
        if is(runs.first(), &trace) && is(runs.last(), &id) && is(above, &parent) {
            return Place {
                id,
                trace,
                parent: Some(parent),
                order,
            };
        }
    }
    Place {
        trace: id.clone(),
        id,
        parent: None,
        order: own,
    }
}
