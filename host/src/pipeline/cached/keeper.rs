//! What is done with the answer to a call that was looked up in vain: it is kept if it is complete
//! and worth it, and given to those who wait for it.

use std::sync::Arc;

use bytes::Bytes;

use super::super::accounting::now_ms;
use super::super::answer::Trail;
use super::super::request::Operation;
use super::super::writer::Event;
use super::parts::Parts;
use super::worth;
use crate::cache::{Cache, Entry, Kept, Key, Lead, Plan, Recording};
use crate::dialect::envelope::Envelope;
use crate::domain::Fault;

/// Keeps the answer to one call. Dropped before its end, nothing is kept, and who waits asks itself.
pub struct Keeper {
    cache: Cache,
    plan: Plan,
    wanted: Wanted,
}

enum Wanted {
    One {
        key: Key,
        lead: Option<Lead>,
        operation: Operation,
        /// None: it is no stream, or it has grown too large.
        recording: Option<Recording>,
        bytes: usize,
    },
    Parts(Parts),
}

impl Keeper {
    pub fn of_one(
        cache: &Cache,
        plan: Plan,
        key: Key,
        lead: Option<Lead>,
        operation: Operation,
    ) -> Self {
        Self {
            cache: cache.clone(),
            plan,
            wanted: Wanted::One {
                key,
                lead,
                operation,
                recording: None,
                bytes: 0,
            },
        }
    }

    pub fn of_parts(cache: &Cache, plan: Plan, parts: Parts) -> Self {
        Self {
            cache: cache.clone(),
            plan,
            wanted: Wanted::Parts(parts),
        }
    }

    /// A whole answer; what the client gets of it. `content_type`: of one that is no JSON.
    ///
    /// # Errors
    /// The upstream left inputs out that nothing was kept for.
    pub fn whole(
        self,
        body: Bytes,
        content_type: Option<&str>,
        trail: &Trail,
    ) -> Result<Bytes, Fault> {
        let (cache, plan) = (self.cache, self.plan);
        match self.wanted {
            Wanted::One {
                key,
                lead,
                operation,
                ..
            } => {
                let text = std::str::from_utf8(&body).ok();
                let kept = match content_type {
                    None => text
                        .filter(|it| worth::whole(operation, it))
                        .map(|it| Kept::Whole(it.to_owned())),
                    Some(kind) => text
                        .filter(|it| worth::plain(operation, it))
                        .map(|it| plain(it, kind)),
                };
                keep(&cache, &plan, (key, lead), kept, trail);
                Ok(body)
            }
            Wanted::Parts(parts) => {
                let (body, kept) = parts.merge(body, trail)?;
                let entry = |(key, part)| (key, Arc::new(entry(&plan, Kept::Part(part), trail)));
                let entries = kept.into_iter().map(entry).collect();
                if trail.fallbacks == 0 {
                    cache.put(&plan, entries);
                }
                Ok(body)
            }
        }
    }

    /// A stream begins.
    pub fn begin(&mut self, envelope: &Envelope) {
        if let Wanted::One { recording, .. } = &mut self.wanted {
            *recording = Some(Recording {
                id: envelope.id.clone(),
                created: envelope.created,
                ..Recording::default()
            });
        }
    }

    /// More of it.
    pub fn record(&mut self, events: &[Event], usage: Option<&str>) {
        let most = self.plan.max_entry_bytes();
        let Wanted::One {
            recording, bytes, ..
        } = &mut self.wanted
        else {
            return;
        };
        let Some(so_far) = recording else { return };
        if let Some(usage) = usage {
            so_far.usage = Some(usage.to_owned());
        }
        *bytes += events.iter().map(|it| it.data.len()).sum::<usize>();
        if *bytes > most {
            *recording = None;
            return;
        }
        so_far.events.extend(events.iter().map(worth::pair));
    }

    /// It came to its real end.
    pub fn end(self, trail: &Trail) {
        if let Wanted::One {
            key,
            lead,
            operation,
            recording,
            ..
        } = self.wanted
        {
            let kept = recording.filter(|it| worth::stream(operation, &it.events));
            let kept = kept.map(Kept::Stream);
            keep(&self.cache, &self.plan, (key, lead), kept, trail);
        }
    }

    /// There is no answer.
    pub fn failed(self) {
        if let Wanted::One {
            lead: Some(lead), ..
        } = self.wanted
        {
            lead.alone();
        }
    }
}

/// Keeps an answer of the group that was asked. What a fallback answered is for this call only.
fn keep(
    cache: &Cache,
    plan: &Plan,
    (key, lead): (Key, Option<Lead>),
    kept: Option<Kept>,
    trail: &Trail,
) {
    match kept.filter(|_| trail.fallbacks == 0) {
        Some(kept) => {
            let entry = Arc::new(entry(plan, kept, trail));
            cache.put(plan, vec![(key, Arc::clone(&entry))]);
            if let Some(lead) = lead {
                lead.answered(entry);
            }
        }
        None => {
            if let Some(lead) = lead {
                lead.alone();
            }
        }
    }
}

fn plain(text: &str, content_type: &str) -> Kept {
    Kept::Plain {
        text: text.to_owned(),
        content_type: content_type.to_owned(),
    }
}

fn entry(plan: &Plan, kept: Kept, trail: &Trail) -> Entry {
    let now = now_ms();
    let whole = !matches!(kept, Kept::Part(_));
    Entry {
        stored_ms: now,
        expires_ms: plan.expires_ms(now),
        deployment: trail.deployment_id().unwrap_or_default().to_owned(),
        model: trail.upstream_model.clone().unwrap_or_default(),
        // A part has its own count.
        usage: trail.usage.clone().filter(|_| whole),
        kept,
    }
}
