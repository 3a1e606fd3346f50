//! The calls into a plugin on behalf of one client call.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::clock::timed;
use crate::contract::{Body, Call, Decoded, Error, Frame, Head, Payload, Reply, Step};
use crate::error::CallError;
use crate::limits::Isolation;
use crate::outside::Outside;
use crate::plugin::Inner;
use crate::pool::Guest;

/// Files of a call that a guest may read piece by piece: uploads, and kept upstream bodies.
#[derive(Clone, Default)]
pub struct Files(Arc<HashMap<u32, FileBytes>>);

/// The bytes of one file, wherever they are held.
pub type FileBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

impl Files {
    /// The files of a call by their number.
    pub fn new(files: HashMap<u32, FileBytes>) -> Self {
        Self(Arc::new(files))
    }

    pub(crate) fn read(&self, file: u32, offset: u64, len: u32) -> Option<Vec<u8>> {
        let bytes: &[u8] = (**self.0.get(&file)?).as_ref();
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(len as usize).min(bytes.len());
        bytes.get(start..end).map(<[u8]>::to_vec)
    }
}

/// The life of one client call in a plugin.
pub struct Session {
    pub(crate) plugin: Arc<Inner>,
    held: Option<Guest>,
    /// The right to hold one.
    hold: Option<OwnedSemaphorePermit>,
    call_id: String,
    files: Files,
    outside: Outside,
}

/// Calls one export in an instance, within its limits, and says what became of it.
macro_rules! invoke {
    ($self:ident, $export:literal, $budget:expr, $in:expr, |$guest:ident, $exports:ident = $field:ident| $call:expr) => {{
        let budget: Duration = $budget;
        let _turn = $self.plugin.turn().await?;
        let mut $guest = $self.begin(budget).await?;
        let Some($exports) = $guest.exports.$field.clone() else {
            $self.end($guest);
            return Err($self.not_exported($export));
        };
        let yields = $guest.store.data().yields();
        let (result, cpu) = timed($call, $self.plugin.limits().wall, &yields).await;
        $self.plugin.counters.count_call(cpu, $in);
        match result {
            Some(Ok(value)) => {
                $self.end($guest);
                Ok(value)
            }
            failed => Err($self.failed(failed.and_then(Result::err), $guest, $export, budget)),
        }
    }};
}
pub(crate) use invoke;

impl Session {
    pub(crate) fn new(plugin: Arc<Inner>) -> Self {
        Self {
            plugin,
            held: None,
            hold: None,
            call_id: String::new(),
            files: Files::default(),
            outside: Outside::default(),
        }
    }

    /// The call's id, for the log lines of the guest.
    #[must_use]
    pub fn for_call(mut self, id: &str) -> Self {
        self.call_id = id.to_owned();
        self
    }

    /// The call's files.
    #[must_use]
    pub fn with_files(mut self, files: Files) -> Self {
        self.files = files;
        self
    }

    /// What a guardrail or a callback may reach.
    #[must_use]
    pub fn with_outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// `plugin.describe`, in an instance of its own.
    pub async fn describe(&mut self) -> Result<String, CallError> {
        let budget = self.plugin.limits().describe_cpu;
        let text = invoke!(self, "describe", budget, 0, |guest, exports = plugin| exports.call_describe(&mut guest.store))?;
        self.output("describe", text.len())?;
        Ok(text)
    }

    /// `provider.start`.
    pub async fn start(
        &mut self,
        call: &Call,
        body: &String,
    ) -> Result<Result<Step, Error>, CallError> {
        self.plugin.may_begin()?;
        let budget = self.plugin.limits().cpu;
        let step = invoke!(self, "start", budget, body.len(), |guest, exports = provider| exports.call_start(&mut guest.store, call, body))?;
        self.check_step("start", step)
    }

    /// `provider.resume`.
    pub async fn resume(
        &mut self,
        call: &Call,
        replies: &[Reply],
    ) -> Result<Result<Step, Error>, CallError> {
        let budget = self.plugin.limits().cpu;
        let size = replies.iter().map(|reply| payload_len(&reply.body)).sum();
        let step = invoke!(self, "resume", budget, size, |guest, exports = provider| exports.call_resume(&mut guest.store, call, replies))?;
        self.check_step("resume", step)
    }

    /// `provider.decode`.
    pub async fn decode(
        &mut self,
        head: Option<&Head>,
        state: &str,
        frames: &[Frame],
        last: bool,
    ) -> Result<Result<Decoded, Error>, CallError> {
        let budget = self.plugin.limits().cpu;
        let size = frames.iter().map(|frame| payload_len(&frame.data)).sum();
        let decoded = invoke!(self, "decode", budget, size, |guest, exports = provider| exports.call_decode(&mut guest.store, head, state, frames, last))?;
        if let Ok(decoded) = &decoded {
            self.state("decode", &decoded.state)?;
            self.output(
                "decode",
                decoded.events.iter().map(|it| payload_len(&it.data)).sum(),
            )?;
        } else {
            self.plugin.counters.count_refusal();
        }
        Ok(decoded)
    }

    /// `provider-errors.map-error`; none if the plugin does not export it or leaves it to the host.
    pub async fn map_error(
        &mut self,
        call: &Call,
        reply: &Reply,
    ) -> Result<Option<Error>, CallError> {
        let budget = self.plugin.limits().cpu;
        let _turn = self.plugin.turn().await?;
        let mut guest = self.begin(budget).await?;
        let Some(exports) = guest.exports.errors.clone() else {
            self.end(guest);
            return Ok(None);
        };
        let wall = self.plugin.limits().wall;
        let yields = guest.store.data().yields();
        let called = exports.call_map_error(&mut guest.store, call, reply);
        let (result, cpu) = timed(called, wall, &yields).await;
        self.plugin
            .counters
            .count_call(cpu, payload_len(&reply.body));
        match result {
            Some(Ok(error)) => {
                self.end(guest);
                Ok(error)
            }
            failed => Err(self.failed(failed.and_then(Result::err), guest, "map-error", budget)),
        }
    }

    /// An instance for the next export, with its own time and log lines.
    pub(crate) async fn begin(&mut self, budget: Duration) -> Result<Guest, CallError> {
        let warm = self.plugin.settings.isolation == Isolation::Pooled;
        let mut guest = match self.held.take() {
            Some(guest) => guest,
            None => self.plugin.guest(warm).await?,
        };
        guest.uses += 1;
        let state = guest.store.data_mut();
        state.begin(budget);
        state
            .log
            .begin(&self.call_id, self.plugin.limits().log_lines);
        state.files = self.files.clone();
        state.outside = self.outside.clone();
        guest.store.set_epoch_deadline(1);
        Ok(guest)
    }

    /// Why a call failed; none: it was not done in time. Its instance ends here, as a trap or a
    /// dropped call makes the whole store useless.
    pub(crate) fn failed(
        &self,
        cause: Option<wasmtime::Error>,
        guest: Guest,
        export: &'static str,
        budget: Duration,
    ) -> CallError {
        let state = guest.store.data();
        state.log.end();
        self.plugin.counters.count_memory(state.memory_used());
        match cause {
            Some(cause) => self.plugin.explain(&cause, state, export, budget),
            None => self.plugin.count(CallError::TooSlow {
                plugin: self.plugin.plugin_name(),
                export,
                limit_ms: self.plugin.limits().wall.as_millis(),
            }),
        }
    }

    pub(crate) fn not_exported(&self, export: &'static str) -> CallError {
        let plugin = self.plugin.plugin_name();
        self.plugin.count(CallError::NotExported { plugin, export })
    }

    pub(crate) fn end(&mut self, mut guest: Guest) {
        let state = guest.store.data_mut();
        state.log.end();
        state.files = Files::default();
        state.outside = Outside::default();
        self.plugin.counters.count_memory(state.memory_used());
        if self.plugin.settings.isolation == Isolation::Call {
            if self.hold.is_none() {
                self.hold = self.plugin.hold();
            }
            self.held = self.hold.is_some().then_some(guest);
        } else {
            self.plugin.give_back(guest);
        }
    }

    fn check_step(
        &mut self,
        export: &'static str,
        step: Result<Step, Error>,
    ) -> Result<Result<Step, Error>, CallError> {
        match &step {
            Ok(Step::Send(outbound)) => self.state(export, &outbound.state)?,
            Ok(Step::SendAll(list)) => {
                let state = list.iter().map(|it| it.state.len()).sum();
                self.state_len(export, state)?;
            }
            Ok(Step::Respond(_)) => {}
            Err(_) => self.plugin.counters.count_refusal(),
        }
        self.output(export, step.as_ref().map_or(0, step_len))?;
        Ok(step)
    }

    pub(crate) fn state(&mut self, export: &'static str, state: &str) -> Result<(), CallError> {
        self.state_len(export, state.len())
    }

    fn state_len(&mut self, export: &'static str, bytes: usize) -> Result<(), CallError> {
        let limit = self.plugin.limits().state_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let plugin = self.plugin.plugin_name();
        Err(self.broke(CallError::StateTooLarge {
            plugin,
            export,
            bytes,
            limit,
        }))
    }

    pub(crate) fn output(&mut self, export: &'static str, bytes: usize) -> Result<(), CallError> {
        self.plugin.counters.count_output(bytes);
        let limit = self.plugin.limits().output_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let plugin = self.plugin.plugin_name();
        Err(self.broke(CallError::OutputTooLarge {
            plugin,
            export,
            limit,
        }))
    }

    fn broke(&mut self, error: CallError) -> CallError {
        self.held = None;
        self.plugin.count(error)
    }
}

fn step_len(step: &Step) -> usize {
    let body = |body: &Body| match body {
        Body::Json(text) => text.len(),
        Body::Raw(payload) => payload_len(payload),
        Body::Patch(members) | Body::Amend(members) => members
            .iter()
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len))
            .sum(),
        _ => 0,
    };
    match step {
        Step::Send(outbound) => body(&outbound.body),
        Step::SendAll(list) => list.iter().map(|outbound| body(&outbound.body)).sum(),
        Step::Respond(response) => payload_len(&response.body),
    }
}

fn payload_len(payload: &Payload) -> usize {
    match payload {
        Payload::Text(text) => text.len(),
        Payload::Bytes(bytes) => bytes.len(),
        Payload::Kept(_) => 0,
    }
}
