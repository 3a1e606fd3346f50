//! Which deployment the next attempt is sent to: the first in order that has room. One whose
//! budget or whose provider's is spent, or that has as many calls as it may, is passed over.

use std::sync::Arc;

use super::fleet::Fleet;
use super::request::ClientRequest;
use super::run::named;
use super::settle::Settlement;
use crate::config::Deployment;
use crate::domain::Fault;

/// A deployment, and the model that it is asked for.
pub type Candidate = (Arc<Deployment>, String);

/// The candidate at `at`, or the next one with room; its money and place are held. Those that are
/// passed over are taken out of `left`. If all are, and calls in flight hold the money of one, its
/// turn is waited for.
///
/// # Errors
/// None has room: every budget and limit that was in the way is named.
pub async fn choose(
    fleet: &Fleet,
    request: &ClientRequest,
    (group, left, at): (&str, &mut Vec<Candidate>, usize),
    settlement: &mut Settlement,
) -> Result<Candidate, Fault> {
    let mut passed_over = Vec::new();
    while let Some(candidate) = left.get(at % left.len().max(1)).cloned() {
        let (deployment, model) = &candidate;
        // One that cannot serve says why when it is tried.
        let Ok(line) = fleet.line(&deployment.id) else {
            return Ok(candidate);
        };
        match settlement.enter(request, (&line, model), false).await {
            Ok(()) => return Ok(candidate),
            Err(full) => {
                left.retain(|(other, _)| other.id != deployment.id);
                passed_over.push((candidate, full));
            }
        }
    }
    if let Some(held) = passed_over.iter().position(|(_, full)| full.passes()) {
        let (candidate, full) = passed_over.swap_remove(held);
        let (deployment, model) = &candidate;
        let full = match fleet.line(&deployment.id) {
            Ok(line) => settlement.enter(request, (&line, model), true).await,
            Err(_) => Err(full),
        };
        match full {
            Ok(()) => {
                left.push(candidate.clone());
                return Ok(candidate);
            }
            Err(full) => passed_over.push((candidate, full)),
        }
    }
    let why = passed_over.into_iter().map(|(_, full)| full).collect();
    Err(settlement.no_room(named(request, group), why))
}
