//! What a call lays aside for those who are told of it, and what they are told is made of.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::lane::Tale;
use super::payload;
use crate::auth::{Caller, Grant};
use crate::domain::json::Document;
use crate::domain::{CallStatus, ErrorKind, Fault, SpendRow, Usd};
use crate::pipeline::accounting::Source;
use crate::pipeline::answer::Trail;
use crate::pipeline::bodies::{Part, Recording};
use crate::pipeline::fleet::Line;
use crate::pipeline::guards::{LogGuard, Report};
use crate::pipeline::request::ClientRequest;
use crate::prices::{Cost, Prices};

/// What a note takes in memory beside its bodies, in bytes; about.
const OWN: usize = 4096;

/// Laid aside from a call's beginning on.
pub struct Heard {
    /// None: there is no room for its bodies.
    pub(super) recording: Option<Recording>,
    pub(super) about: About,
}

/// Who asked from where.
pub struct About {
    /// None: the holder of the master key, or nobody knows.
    pub grant: Option<Arc<Grant>>,
    pub route: Option<String>,
    pub client_ip: Option<String>,
    pub user_agent: Option<String>,
    pub session_id: Option<String>,
    /// The caller's own `metadata`, as it came.
    pub metadata: Option<String>,
    /// The name that the client has for the model.
    pub asked: String,
    /// Whose key it was is not told.
    pub hides_holders: bool,
    /// It stands for no request: whose key it was has to be looked up.
    pub is_later: bool,
}

/// What a call came to, beyond its row.
#[derive(Default)]
pub struct Came {
    pub line: Option<Arc<Line>>,
    pub prices: Option<Arc<Prices>>,
    pub bill: Option<Cost>,
    /// What a kept answer would have cost.
    pub saved: Option<Usd>,
    pub key_spend: Option<Usd>,
    pub guards: Report,
    pub stream: bool,
    pub cache_key: Option<String>,
    /// Milliseconds of the gateway's own.
    pub overhead_ms: Option<f64>,
    /// The upstream's headers of its limits.
    pub limits: Vec<(String, String)>,
    pub kind: Option<ErrorKind>,
    /// The gateway refused it before anybody was asked.
    pub at_door: bool,
}

/// One call that has ended.
pub struct Note {
    pub row: SpendRow,
    pub came: Came,
    pub about: About,
    bytes: usize,
    recording: Mutex<Option<Recording>>,
    said: OnceCell<Said>,
}

/// What was said, as it may be told.
pub struct Said {
    pub request: Value,
    pub response: Value,
    /// There was no room for it.
    pub is_lost: bool,
    /// Held while it is in memory.
    _part: Option<Part>,
}

impl About {
    pub fn of(caller: &Caller, request: &ClientRequest, source: &Source) -> Self {
        Self {
            grant: caller.grant().cloned(),
            route: source.route.clone(),
            client_ip: source.client_ip.clone(),
            user_agent: source.user_agent.clone(),
            session_id: source.session_id.clone(),
            metadata: source.metadata.clone(),
            asked: request.controls.asked.clone(),
            hides_holders: false,
            is_later: false,
        }
    }

    /// Of a row that stands for no request.
    pub fn of_row(row: &SpendRow) -> Self {
        Self {
            grant: None,
            route: None,
            client_ip: row.client_ip.clone(),
            user_agent: row.user_agent.clone(),
            session_id: row.session_id.clone(),
            metadata: row.metadata.as_deref().map(|it| it.get().to_owned()),
            asked: row.model_group.clone(),
            hides_holders: false,
            is_later: true,
        }
    }
}

impl Heard {
    /// What is asked is this by now.
    pub fn asks(&mut self, body: &Arc<Document>, guard: Option<LogGuard>) {
        if let Some(recording) = &mut self.recording {
            recording.asks(body, guard);
        }
    }

    /// The answer, whole.
    pub fn answered(&mut self, body: &Bytes) {
        if let Some(recording) = &mut self.recording {
            recording.answered(body);
        }
    }

    /// More of a stream.
    pub fn sent(&mut self, more: &Bytes) {
        if let Some(recording) = &mut self.recording {
            recording.sent(more);
        }
    }

    pub(super) fn ended(mut self, row: SpendRow, came: Came) -> Note {
        if let Some(recording) = &mut self.recording {
            recording.ended(came.line.clone());
        }
        Note::new((row, came), self.about, self.recording)
    }
}

impl Came {
    /// Of a call that was not let in.
    pub fn refused(stream: bool, fault: &Fault) -> Self {
        Self {
            stream,
            kind: Some(fault.kind),
            at_door: true,
            ..Self::default()
        }
    }

    /// What the way of a call tells.
    pub fn of(trail: &Trail, fault: Option<&Fault>) -> Self {
        let limits = trail.upstream_headers.iter().filter_map(|(name, value)| {
            let is_limit = name.as_str().starts_with("x-ratelimit-");
            let value = value.to_str().ok().filter(|_| is_limit)?;
            Some((name.as_str().replace('-', "_"), value.to_owned()))
        });
        Self {
            line: trail.line.clone(),
            guards: trail.guards.clone(),
            stream: trail.stream,
            cache_key: trail.cache_key.clone(),
            overhead_ms: Some(trail.overhead().as_secs_f64() * 1000.0),
            limits: limits.collect(),
            kind: fault.map(|it| it.kind),
            at_door: fault.is_some_and(|it| it.at != crate::domain::At::Attempt),
            ..Self::default()
        }
    }
}

impl Note {
    pub fn new((row, came): (SpendRow, Came), about: About, recording: Option<Recording>) -> Self {
        let bodies = recording.as_ref().map_or(0, Recording::held_bytes);
        Self {
            bytes: usize::try_from(bodies)
                .unwrap_or(usize::MAX)
                .saturating_add(OWN),
            row,
            came,
            about,
            recording: Mutex::new(recording),
            said: OnceCell::new(),
        }
    }

    /// One of which it is known what was said.
    pub fn spoken(
        ended: (SpendRow, Came),
        about: About,
        (request, response): (Value, Value),
    ) -> Self {
        let said = Said {
            request,
            response,
            is_lost: false,
            _part: None,
        };
        Self {
            said: OnceCell::new_with(Some(said)),
            ..Self::new(ended, about, None)
        }
    }

    pub fn succeeded(&self) -> bool {
        self.row.status == CallStatus::Success
    }

    /// What was said, put together once for everybody who is told.
    pub async fn said(&self) -> &Said {
        let make = || async {
            let recording = self.recording.lock();
            let recording = recording.unwrap_or_else(PoisonError::into_inner).take();
            let Some(recording) = recording else {
                return Said::none();
            };
            let made = tokio::task::spawn_blocking(move || recording.bodies()).await;
            let Ok((bodies, guard, part)) = made else {
                return Said::none();
            };
            let bodies = match guard {
                Some(guard) => guard.masked(bodies).await,
                None => bodies,
            };
            Said {
                request: read(bodies.request.as_deref()),
                response: read(bodies.response.as_deref()),
                is_lost: false,
                _part: Some(part),
            }
        };
        self.said.get_or_init(make).await
    }
}

impl Said {
    const fn none() -> Self {
        Self {
            request: Value::Null,
            response: Value::Null,
            is_lost: true,
            _part: None,
        }
    }
}

fn read(raw: Option<&RawValue>) -> Value {
    let read = raw.and_then(|it| serde_json::from_str(it.get()).ok());
    read.unwrap_or_default()
}

impl Tale for Note {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn tell(&self, content: bool) -> BoxFuture<'_, String> {
        Box::pin(async move {
            let said = self.said().await;
            payload::of(self, said, content).to_string()
        })
    }
}

/// A document's members, if it is one.
pub(super) fn members(text: Option<&str>) -> Map<String, Value> {
    let read = text.and_then(|it| serde_json::from_str(it).ok());
    read.unwrap_or_default()
}
