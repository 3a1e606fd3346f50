//! Sending what an attempt's steps ask for: until the attempt's deadline, and again in place where
//! that is safe.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::fleet::Line;
use super::seen::TraceHeaders;
use crate::domain::{Fault, Retry};
use crate::upstream::{Dialled, Options, Request, Upstream, UpstreamReply, errors};

/// How often a step that may be sent again is sent in all.
const STEP_TRIES: u32 = 3;

/// First wait before a step is sent again, doubled each time.
const STEP_BACKOFF: Duration = Duration::from_millis(250);

/// Longest wait before a step is sent again, whatever the upstream asks.
const MAX_STEP_WAIT: Duration = Duration::from_secs(10);

/// Sends requests to one deployment.
pub struct Sender {
    pub upstream: Upstream,
    pub line: Arc<Line>,
    /// Until when everything must be done.
    deadline: Instant,
    /// Longest silence, if shorter than the target's.
    idle: Option<Duration>,
    /// Where the call stands in its trace; empty: it is in none.
    trace: TraceHeaders,
}

impl Sender {
    pub fn new(
        upstream: Upstream,
        line: Arc<Line>,
        deadline: Instant,
        idle: Option<Duration>,
        trace: TraceHeaders,
    ) -> Self {
        Self {
            upstream,
            line,
            deadline,
            idle,
            trace,
        }
    }

    /// The same for what is not this call's alone: in the deployment's own time, and in no trace.
    pub fn for_all(&self) -> Self {
        let total = self.line.target.timeouts.total;
        Self::new(
            self.upstream.clone(),
            Arc::clone(&self.line),
            Instant::now() + total,
            None,
            TraceHeaders::default(),
        )
    }

    /// Sends. A `GET`, and what the plugin calls idempotent, is sent again in place.
    pub async fn send(&self, request: Request, options: &Options) -> Result<UpstreamReply, Fault> {
        if !request.is_safe() && !options.idempotent {
            return self.send_once(request, options).await;
        }
        let mut tries = 1;
        loop {
            let sent = self.send_once(request.clone(), options).await;
            let passing = match &sent {
                Ok(reply) => matches!(reply.status, 429 | 500..=599) && !options.accept_errors,
                Err(fault) => fault.retry == Retry::SameDeployment,
            };
            if !passing || tries == STEP_TRIES {
                return sent;
            }
            let asked = sent
                .ok()
                .and_then(|reply| errors::retry_after(&reply.headers));
            let wait = asked
                .unwrap_or(STEP_BACKOFF * 2u32.pow(tries - 1))
                .min(MAX_STEP_WAIT);
            tokio::time::sleep(wait.min(self.left())).await;
            tries += 1;
        }
    }

    async fn send_once(
        &self,
        mut request: Request,
        options: &Options,
    ) -> Result<UpstreamReply, Fault> {
        request.trace(&self.trace);
        let timed = self.timed(options);
        let sent = self.upstream.send(&self.line.target, request, &timed).await;
        sent.map_err(|fault| self.of_provider(fault))
    }

    /// Opens a socket.
    pub async fn dial(&self, mut request: Request, options: &Options) -> Result<Dialled, Fault> {
        request.trace(&self.trace);
        let timed = self.timed(options);
        let target = &self.line.target;
        let how = (&timed, target.max_reply_bytes);
        let dialled = self.upstream.dial(target, request, how).await;
        dialled.map_err(|fault| self.of_provider(fault))
    }

    fn timed(&self, options: &Options) -> Options {
        let left = self.left();
        Options {
            timeout: Some(options.timeout.unwrap_or(left).min(left)),
            idle: self.idle,
            ..options.clone()
        }
    }

    /// Reads an answer whole.
    pub async fn read(&self, reply: UpstreamReply) -> Result<Bytes, Fault> {
        let read = reply.read_whole(self.line.target.max_reply_bytes).await;
        read.map_err(|fault| self.of_provider(fault))
    }

    /// Until the call's deadline.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The fault, with the provider's name where it has none.
    pub fn of_provider(&self, mut fault: Fault) -> Fault {
        fault
            .provider
            .get_or_insert_with(|| self.line.provider.name.clone());
        fault
    }
}
