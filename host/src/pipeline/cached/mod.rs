//! The cache's place in a call: after it was admitted, before a deployment is chosen. Says what
//! names a call's answer, whose it is, and which answers are worth keeping; how and where they are
//! kept is `cache`'s.

mod keeper;
mod parts;
mod worth;

use std::sync::Arc;

use bytes::Bytes;

use super::accounting::now_ms;
use super::operation::Cached;
use super::request::ClientRequest;
use crate::auth::Caller;
use crate::cache::{Asked, Cache, Entry, Kept, Key, Namer, Plan, Recording, Turn};
use crate::config::CacheShare;
use crate::domain::Usage;

pub use keeper::Keeper;
use parts::Parts;

/// What the cache has for a call.
pub enum Looked {
    /// The answer to it.
    Found(ClientRequest, Box<Found>),
    /// Nothing, or only a part: what is to be asked for, and what is done with the answer.
    Go(ClientRequest, Option<Keeper>),
}

/// A kept answer.
pub struct Found {
    pub key: Key,
    pub answer: KeptAnswer,
    pub usage: Option<Usage>,
    /// Who gave it.
    pub deployment: String,
    pub model: String,
}

pub enum KeptAnswer {
    /// With its type, where it is no JSON.
    Whole(Bytes, Option<String>),
    Stream(Recording),
}

/// Looks for a kept answer. A call that is the same as one under way waits for that one's, if the
/// config says so.
///
/// `tags`: those by which deployments are chosen.
pub async fn look(
    cache: &Cache,
    caller: &Caller,
    request: ClientRequest,
    tags: &[String],
) -> Looked {
    let operation = request.operation.as_str();
    let apart = match request.operation.cached() {
        Cached::Whole => None,
        Cached::Each(member) => Some(member),
        Cached::No => return Looked::Go(request, None),
    };
    let controls = &request.controls;
    let Some(plan) = cache.plan(operation, &controls.cache) else {
        return Looked::Go(request, None);
    };
    let tenant = tenant(caller, plan.share);
    let asked = Asked {
        operation,
        streams: controls.stream,
        group: &controls.model,
        asked: &controls.asked,
        tenant: &tenant,
        tags,
        namespace: controls.cache.namespace.as_deref(),
        headers: &request.headers,
    };
    let files = request.files.digests();
    let files = files
        .iter()
        .map(|(field, digest)| (*field, digest.as_str()));
    let members = request.body.entries().chain(files);
    let Some(namer) = Namer::of(asked, members, apart, plan.namespace.as_deref()) else {
        return Looked::Go(request, None);
    };
    match apart {
        None => one(cache, plan, namer.whole(), request).await,
        Some(_) => many(cache, plan, &namer, request).await,
    }
}

/// Who shares answers with the caller.
fn tenant(caller: &Caller, share: CacheShare) -> String {
    let found = match share {
        CacheShare::Everyone => Some("everyone".to_owned()),
        CacheShare::Tenant => holder(caller),
        // A token of an identity provider is no key; its user is who holds it.
        CacheShare::Key => key_of(caller).or_else(|| holder(caller)),
    };
    let nobody = || {
        if caller.is_admin() {
            "operator"
        } else {
            "anybody"
        }
    };
    found.unwrap_or_else(|| nobody().to_owned())
}

/// With whom a caller shares answers: a key of a team with the team, one of a user with the user's
/// other keys, and one of nobody with nobody.
pub(super) fn holder(caller: &Caller) -> Option<String> {
    let team = caller.team_id().map(|it| format!("team:{it}"));
    let user = || caller.user_id().map(|it| format!("user:{it}"));
    team.or_else(user).or_else(|| key_of(caller))
}

fn key_of(caller: &Caller) -> Option<String> {
    let key = caller.key_hash()?;
    Some(format!("key:{}", key.as_str()))
}

/// A call with one answer.
async fn one(cache: &Cache, plan: Plan, key: Key, request: ClientRequest) -> Looked {
    let operation = request.operation.as_str();
    let mut lead = None;
    if plan.coalesces && plan.reads && plan.keeps {
        match cache.turn(&key).await {
            Turn::Lead(it) => lead = Some(it),
            Turn::Alone => {}
            Turn::Answered(entry) => {
                if let Some(found) = found(&key, &entry, request.controls.stream) {
                    cache.count(operation, "joined");
                    return Looked::Found(request, Box::new(found));
                }
            }
        }
    }
    let keys = std::slice::from_ref(&key);
    let entry = cache.get(&plan, keys, now_ms()).await.pop().flatten();
    if let Some(entry) = entry
        && let Some(found) = found(&key, &entry, request.controls.stream)
    {
        if let Some(lead) = lead {
            lead.answered(entry);
        }
        cache.count(operation, "hit");
        return Looked::Found(request, Box::new(found));
    }
    cache.count(operation, "miss");
    let keeper = Keeper::of_one(cache, plan, key, lead, request.operation);
    Looked::Go(request, Some(keeper))
}

/// A kept answer in the form that is asked for.
fn found(key: &Key, entry: &Arc<Entry>, streams: bool) -> Option<Found> {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let answer = match (&entry.kept, streams) {
        (Kept::Whole(text), false) => KeptAnswer::Whole(bytes(text), None),
        (Kept::Plain { text, content_type }, false) => {
            KeptAnswer::Whole(bytes(text), Some(content_type.clone()))
        }
        (Kept::Stream(recording), true) => KeptAnswer::Stream(recording.clone()),
        _ => return None,
    };
    Some(Found {
        key: key.clone(),
        answer,
        usage: entry.usage.clone(),
        deployment: entry.deployment.clone(),
        model: entry.model.clone(),
    })
}

/// A call with an answer to each of its inputs.
async fn many(cache: &Cache, plan: Plan, namer: &Namer, request: ClientRequest) -> Looked {
    let operation = request.operation.as_str();
    let Some(mut parts) = Parts::of(&request, namer) else {
        return Looked::Go(request, None);
    };
    parts.found(cache.get(&plan, &parts.keys, now_ms()).await);
    if let Some(found) = parts.whole(&request) {
        cache.count(operation, "hit");
        return Looked::Found(request, Box::new(found));
    }
    let some = parts.has_some();
    cache.count(operation, if some { "partial" } else { "miss" });
    match parts.asking(request) {
        Ok(request) => Looked::Go(request, Some(Keeper::of_parts(cache, plan, parts))),
        Err(request) => Looked::Go(request, None),
    }
}

#[cfg(test)]
mod tests;
