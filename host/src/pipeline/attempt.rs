//! One attempt at one deployment: the plugin's steps, one after the other, until there is an
//! answer or a stream of one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use sluice_credentials::Captured;
use sluice_engine::Session;
use sluice_engine::contract::{Call, Error, Outbound, Payload, Reply, ReplyMode, Response, Step};
use tokio::time::Instant;

use super::exchange;
use super::filed::Filed;
use super::fleet::Line;
use super::givens;
use super::passed::{headers_of, pairs, passed_on};
use super::plugin_faults::{broke, refused};
use super::prepare::{Prepared, prepare};
use super::realtime::Live;
use super::request::{ClientRequest, Operation};
use super::seen::TraceHeaders;
use super::sending::Sender;
use super::source::{Decode, Source};
use crate::dialect::envelope::push_quoted;
use crate::domain::{ErrorKind, Fault, Retry, Usage};
use crate::upstream::{CallBodies, Captures, Options, Request, Upstream, UpstreamReply, errors};

/// Steps of one attempt, at most.
const MAX_STEPS: usize = 600;

/// How many requests of one `send-all` are under way at the same time.
const AT_ONCE: usize = 16;

/// What an attempt came to.
pub enum Outcome {
    /// A whole canonical answer.
    Whole {
        body: Bytes,
        usage: Option<String>,
        /// The plugin wrote it, so what is wrong with it is the plugin's doing.
        is_plugins: bool,
        /// As the upstream or the plugin names it.
        content_type: Option<String>,
    },
    /// A canonical stream.
    Stream(Source),
    /// Sound as it is made.
    Sound(UpstreamReply),
    /// The bytes of a file, as they come.
    Bytes(Filed),
    /// A session over a socket.
    Live(Live),
}

/// An attempt that is under way.
pub struct Attempt {
    pub sender: Sender,
    pub line: Arc<Line>,
    pub call: Call,
    pub session: Session,
    pub bodies: CallBodies,
    /// Tokens out of earlier answers.
    pub captures: Captures,
    /// Time spent waiting for the upstream.
    pub upstream_time: Duration,
    pub upstream_headers: Vec<(HeaderName, HeaderValue)>,
    /// Members of the request that its provider is not told.
    dropped: Vec<String>,
    /// What a failure says that it used.
    failed_usage: Option<Usage>,
    /// A step that must not be done twice has succeeded, and others follow it.
    begun: bool,
    /// The plugin said of its error that another attempt may follow.
    said_again: bool,
    /// Calls of the plugin, where the call is traced.
    plugin: Option<PluginCalls>,
}

/// Which export, when, and how long.
type PluginCalls = Vec<(&'static str, Instant, Duration)>;

impl Attempt {
    /// Prepares an attempt; refuses what the provider cannot do.
    pub async fn new(
        upstream: &Upstream,
        request: &ClientRequest,
        line: Arc<Line>,
        model: &str,
        (number, drop_params): (u32, bool),
        trace: Option<TraceHeaders>,
    ) -> Result<(Box<Self>, String), Fault> {
        let name = request.operation.contract();
        let provider = Arc::clone(&line.provider);
        let operation = provider.describe.operations.get(name).ok_or_else(|| {
            let message = format!("provider `{}` has no `{name}`", provider.name);
            let mut fault = Fault::upstream(ErrorKind::Unsupported, message);
            fault.retry = Retry::NextDeployment;
            fault
        })?;
        let streaming = request.controls.stream && operation.stream;
        let Prepared {
            bodies,
            guest_body,
            dropped,
        } = prepare(upstream, request, &line, model, operation, drop_params).await?;
        let (total, idle) = times_for(request, &line, streaming);
        let call = Call {
            id: request.id.as_str().to_owned(),
            operation: name.to_owned(),
            provider: provider.described_as.clone(),
            model: model.to_owned(),
            streaming,
            config: givens::settings(&line).await?,
            secrets: line.secret_names.clone(),
            params: request.params.clone(),
            headers: request.headers.clone(),
            files: request.files.described(),
            context: context(&line, number, total),
        };
        let session = provider
            .generation
            .plugin
            .session()
            .for_call(request.id.as_str())
            .with_files(request.files.readable());
        // It is handed on, and is large.
        let attempt = Box::new(Self {
            sender: Sender::new(
                upstream.clone(),
                Arc::clone(&line),
                Instant::now() + total,
                idle,
                trace.clone().unwrap_or_default(),
            ),
            line,
            call,
            session,
            bodies,
            captures: Captures::default(),
            upstream_time: Duration::ZERO,
            upstream_headers: Vec::new(),
            dropped,
            failed_usage: None,
            // Whether it was made is not known of one that failed, and a second would cost as much.
            begun: request.operation == Operation::BatchesCreate,
            said_again: false,
            plugin: trace.map(|_| Vec::new()),
        });
        Ok((attempt, guest_body))
    }

    /// Runs the plugin's steps.
    pub async fn run(mut self: Box<Self>, guest_body: String) -> (Result<Outcome, Fault>, Trace) {
        let result = self.steps(guest_body).await;
        let trace = Trace {
            upstream_time: self.upstream_time,
            headers: std::mem::take(&mut self.upstream_headers),
            dropped: std::mem::take(&mut self.dropped),
            usage: self.failed_usage.take(),
            plugin: self.plugin.take().unwrap_or_default(),
        };
        match result {
            Ok(Ended::Whole(outcome)) => (Ok(outcome), trace),
            Ok(Ended::Bytes(reply)) => (Ok(Outcome::Bytes(Filed::relayed(reply))), trace),
            Ok(Ended::Live(live)) => (Ok(Outcome::Live(live)), trace),
            Ok(Ended::Relay(reply)) => (Ok(Outcome::Stream(Source::relay(reply))), trace),
            Ok(Ended::Sound(reply)) => (Ok(Outcome::Sound(reply)), trace),
            Ok(Ended::Decode(reply, options, state)) => {
                let is_file = self.call.operation == Operation::FilesContent.as_str();
                let source =
                    Source::Decode(Box::new(Decode::new(self, reply, options.framing, state)));
                let outcome = match is_file {
                    true => Outcome::Bytes(Filed::lines(source)),
                    false => Outcome::Stream(source),
                };
                (Ok(outcome), trace)
            }
            Err(fault) => (Err(self.bind(fault)), trace),
        }
    }

    /// The fault, which stays with this deployment if what was begun there would be done twice.
    pub fn bind(&self, mut fault: Fault) -> Fault {
        fault.bound |= self.begun && !self.said_again;
        fault
    }

    /// A stream came to its end, and the answer goes on with another request.
    pub fn goes_on(&mut self) {
        self.begun = true;
    }

    /// A plugin's own error.
    pub fn refuse(&mut self, error: Error) -> Fault {
        self.said_again = error.retry == Some(true);
        refused(error, &self.line)
    }

    fn note(&mut self, export: &'static str, began: Instant) {
        if let Some(plugin) = &mut self.plugin {
            plugin.push((export, began, began.elapsed()));
        }
    }

    async fn steps(&mut self, guest_body: String) -> Result<Ended, Fault> {
        let began = Instant::now();
        let mut step = self.session.start(&self.call, &guest_body).await;
        self.note("start", began);
        drop(guest_body);
        for _ in 0..MAX_STEPS {
            let next = step.map_err(broke)?.map_err(|error| self.refuse(error))?;
            let replies = match next {
                Step::Respond(response) => return self.respond(response),
                Step::Send(outbound) => match self.send_one(outbound).await? {
                    Sent::Replies(replies) => replies,
                    Sent::Ended(ended) => return Ok(ended),
                },
                Step::SendAll(list) => Box::pin(self.send_all(list)).await?,
            };
            let began = Instant::now();
            step = self.session.resume(&self.call, &replies).await;
            self.note("resume", began);
        }
        Err(Fault::plugin(format!(
            "the plugin did not come to an end in {MAX_STEPS} steps"
        )))
    }

    async fn send_one(&mut self, outbound: Outbound) -> Result<Sent, Fault> {
        let options = Options::read_for(&outbound.options, outbound.reply)?;
        if options.capture.is_some() {
            let replies = Box::pin(self.send_all(vec![outbound])).await?;
            return Ok(Sent::Replies(replies));
        }
        let (mode, state) = (outbound.reply, outbound.state.clone());
        let is_live = self.call.operation == Operation::Realtime.as_str();
        if is_live && mode == ReplyMode::Canonical {
            let live = Box::pin(self.dial(outbound, &options)).await?;
            return Ok(Sent::Ended(Ended::Live(live)));
        }
        let binds = binds(&outbound, &options);
        let reply = self.send(outbound, &options).await?;
        if !reply.is_success() && !options.accept_errors {
            return Err(Box::pin(self.failed(reply, state)).await);
        }
        match mode {
            ReplyMode::Canonical if self.call.streaming => {
                let ended = match streamed(&self.call.operation, reply.content_type()) {
                    Streamed::Events => Ended::Relay(reply),
                    Streamed::Sound => Ended::Sound(reply),
                    Streamed::Whole => Ended::Whole(self.relay_whole(reply).await?),
                };
                Ok(Sent::Ended(ended))
            }
            ReplyMode::Canonical if self.call.operation == Operation::FilesContent.as_str() => {
                Ok(Sent::Ended(Ended::Bytes(reply)))
            }
            ReplyMode::Canonical => self
                .relay_whole(reply)
                .await
                .map(|it| Sent::Ended(Ended::Whole(it))),
            ReplyMode::Frames => Ok(Sent::Ended(Ended::Decode(reply, options, state))),
            ReplyMode::Whole => {
                let started = Instant::now();
                let read = whole(&self.sender, reply, state).await;
                self.upstream_time += started.elapsed();
                self.begun |= binds && read.is_ok();
                read.map(|it| Sent::Replies(vec![it]))
            }
        }
    }

    /// Sends all at once and gives the answers in the order of the requests.
    async fn send_all(&mut self, list: Vec<Outbound>) -> Result<Vec<Reply>, Fault> {
        let mut ready = Vec::with_capacity(list.len());
        let mut bound = false;
        for outbound in list {
            if outbound.reply != ReplyMode::Whole {
                let message = "the plugin wants several answers, and one of them not whole";
                return Err(Fault::plugin(message));
            }
            let (options, state) = (Options::read(&outbound.options)?, outbound.state.clone());
            bound |= binds(&outbound, &options);
            let kept = (&mut self.bodies, &self.captures);
            let request = Request::build(&self.line.target, outbound, kept)?;
            ready.push((request, options, state));
        }
        let started = Instant::now();
        let sender = &self.sender;
        // A slow answer keeps none of the later requests waiting, so they come as they come.
        let one = |(place, (request, options, state)): (usize, (Request, Options, String))| async move {
            if let Some(wanted) = options.capture.as_deref() {
                let captured = exchange::exchange(sender, request, (&options, wanted)).await;
                let captured = captured.map_err(Unsent::Fault)?;
                let reply = exchange::reply(&captured, state);
                return Ok((place, reply, Some((wanted.secret.clone(), captured))));
            }
            let reply = sender
                .send(request, &options)
                .await
                .map_err(Unsent::Fault)?;
            if !reply.is_success() && !options.accept_errors {
                return Err(Unsent::Refused(reply, state));
            }
            let reply = whole(sender, reply, state).await.map_err(Unsent::Fault)?;
            Ok((place, reply, None))
        };
        let replies: Result<Vec<Answered>, Unsent> = stream::iter(ready.into_iter().enumerate())
            .map(one)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await;
        self.upstream_time += started.elapsed();
        self.begun |= bound && replies.is_ok();
        match replies {
            Ok(mut replies) => {
                replies.sort_unstable_by_key(|(place, ..)| *place);
                let reply = |(_, reply, captured)| {
                    self.hold(captured);
                    reply
                };
                Ok(replies.into_iter().map(reply).collect())
            }
            Err(Unsent::Fault(fault)) => Err(fault),
            Err(Unsent::Refused(reply, state)) => Err(self.failed(reply, state).await),
        }
    }

    /// Later requests may name the token, and the plugin is told that it is there.
    fn hold(&mut self, captured: Option<(String, Captured)>) {
        let Some((name, captured)) = captured else {
            return;
        };
        if !self.call.secrets.contains(&name) {
            self.call.secrets.push(name.clone());
        }
        self.captures.add(name, captured);
    }

    /// Sends what one step asks for.
    pub async fn send(
        &mut self,
        outbound: Outbound,
        options: &Options,
    ) -> Result<UpstreamReply, Fault> {
        let kept = (&mut self.bodies, &self.captures);
        let request = Request::build(&self.line.target, outbound, kept)
            .map_err(|fault| self.sender.of_provider(fault))?;
        let started = Instant::now();
        let sent = self.sender.send(request, options).await;
        self.upstream_time += started.elapsed();
        let reply = sent?;
        self.upstream_headers = passed_on(&reply.headers);
        Ok(reply)
    }

    async fn read(&mut self, reply: UpstreamReply) -> Result<Bytes, Fault> {
        let started = Instant::now();
        let read = self.sender.read(reply).await;
        self.upstream_time += started.elapsed();
        read
    }

    /// The fault that an answer other than a success means: the plugin's word, or the host's.
    pub async fn failed(&mut self, reply: UpstreamReply, state: String) -> Fault {
        let (status, headers) = (reply.status, reply.headers.clone());
        let started = Instant::now();
        let read = reply.read_whole(errors::MAX_DOCUMENT).await;
        self.upstream_time += started.elapsed();
        let body = match read {
            Ok(body) => body,
            Err(unread) => {
                let rules = &self.line.target.errors;
                let mut fault = errors::map(rules, status, &headers, b"");
                fault.message = format!(
                    "the upstream answered {status}, and why could not be read: {}",
                    unread.message
                );
                return self.sender.of_provider(fault);
            }
        };
        let mut fault = errors::map(&self.line.target.errors, status, &headers, &body);
        let text = String::from_utf8_lossy(&body).into_owned();
        let document = serde_json::from_str::<Value>(&text).unwrap_or_default();
        self.failed_usage = document.get("usage").and_then(Usage::from_json);
        let reply = Reply {
            status,
            headers: pairs(&headers),
            body: Payload::Text(text),
            state,
        };
        match self.session.map_error(&self.call, &reply).await {
            Ok(Some(error)) => {
                let (document, asked) = (fault.detail.take(), fault.retry_after);
                fault = self.refuse(error);
                fault.retry_after = fault.retry_after.or(asked);
                fault.status = fault.status.or(Some(status));
                fault.detail = fault.detail.or(document);
            }
            Ok(None) => {}
            Err(cause) => tracing::warn!(%cause, "a plugin broke while it read an error"),
        }
        self.sender.of_provider(fault)
    }

    async fn relay_whole(&mut self, reply: UpstreamReply) -> Result<Outcome, Fault> {
        let content_type = Some(reply.content_type().to_owned());
        let body = self.read(reply).await?;
        Ok(Outcome::Whole {
            body,
            usage: None,
            is_plugins: false,
            content_type: content_type.filter(|it| !it.is_empty()),
        })
    }

    fn respond(&mut self, response: Response) -> Result<Ended, Fault> {
        let body = match response.body {
            // What lines become is sent on.
            Payload::Text(text) if self.call.operation == Operation::BatchesLines.as_str() => {
                Bytes::from(self.bodies.media.restore(text))
            }
            Payload::Text(text) => {
                self.bodies.media.check_answer(&text)?;
                Bytes::from(text)
            }
            Payload::Bytes(bytes) => Bytes::from(bytes),
            Payload::Kept(_) => {
                return Err(Fault::plugin(
                    "the plugin answers with a body that was not kept",
                ));
            }
        };
        let own = passed_on(&headers_of(&response.headers));
        self.upstream_headers.extend(own);
        Ok(Ended::Whole(Outcome::Whole {
            body,
            usage: response.usage,
            is_plugins: true,
            content_type: response.content_type,
        }))
    }
}

/// How long the whole attempt may take, and how long a stream may be silent: as the operator says,
/// or less if the client asks for less.
pub fn times_for(
    request: &ClientRequest,
    line: &Line,
    streaming: bool,
) -> (Duration, Option<Duration>) {
    let controls = &request.controls;
    let own = line.target.timeouts.total;
    let total = controls.timeout.map_or(own, |it| it.min(own));
    let own = line.deployment.stream_timeout;
    let idle = own.into_iter().chain(controls.stream_timeout).min();
    (total, idle.filter(|_| streaming))
}

/// Whether a step that succeeded keeps the call where it is. Sending it twice does something twice.
pub fn binds(outbound: &Outbound, options: &Options) -> bool {
    let idle = outbound.method.eq_ignore_ascii_case("GET") || options.capture.is_some();
    !idle && !options.idempotent
}

/// What an upstream answered where a stream was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Streamed {
    Events,
    Sound,
    Whole,
}

/// Some upstreams name no type, or a wrong one: in general, only JSON is surely no stream. Sound and
/// transcripts are bytes and texts as well as events, so there the type decides.
fn streamed(operation: &str, content_type: &str) -> Streamed {
    let is = |kind: &str| content_type.contains(kind);
    match operation {
        _ if is("json") => Streamed::Whole,
        "audio.speech" | "audio.transcribe" if is("event-stream") => Streamed::Events,
        "audio.speech" => Streamed::Sound,
        "audio.transcribe" => Streamed::Whole,
        _ => Streamed::Events,
    }
}

/// Facts about the call, for the plugin.
fn context(line: &Line, number: u32, total: Duration) -> String {
    let mut out = format!(
        "{{\"attempt\":{number},\"deadline_ms\":{}",
        total.as_millis()
    );
    if let Some(base) = &line.api_base {
        out.push_str(",\"base_url\":");
        push_quoted(&mut out, base);
    }
    out.push('}');
    out
}

/// What is known of an attempt besides its outcome.
pub struct Trace {
    pub upstream_time: Duration,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub dropped: Vec<String>,
    /// What a failure says that it used.
    pub usage: Option<Usage>,
    pub plugin: PluginCalls,
}

enum Ended {
    Whole(Outcome),
    Relay(UpstreamReply),
    Sound(UpstreamReply),
    Bytes(UpstreamReply),
    Live(Live),
    Decode(UpstreamReply, Options, String),
}

enum Sent {
    Replies(Vec<Reply>),
    Ended(Ended),
}

/// The answer to one of several requests, by its place among them, and the token that was in it.
type Answered = (usize, Reply, Option<(String, Captured)>);

/// Why one of several requests has no answer.
enum Unsent {
    Fault(Fault),
    Refused(UpstreamReply, String),
}

/// An answer read whole, as the plugin gets it.
async fn whole(sender: &Sender, reply: UpstreamReply, state: String) -> Result<Reply, Fault> {
    let (status, headers) = (reply.status, pairs(&reply.headers));
    let body = sender.read(reply).await?;
    let body = String::from_utf8(body.into())
        .map_or_else(|it| Payload::Bytes(it.into_bytes()), Payload::Text);
    Ok(Reply {
        status,
        headers,
        body,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_and_transcripts_are_told_by_their_type() {
        for (operation, content_type, is) in [
            ("chat", "text/plain", Streamed::Events),
            ("chat", "application/json", Streamed::Whole),
            (
                "audio.speech",
                "text/event-stream; charset=utf-8",
                Streamed::Events,
            ),
            ("audio.speech", "", Streamed::Sound),
            ("audio.transcribe", "text/event-stream", Streamed::Events),
            ("audio.transcribe", "text/plain", Streamed::Whole),
        ] {
            assert_eq!(
                streamed(operation, content_type),
                is,
                "{operation} {content_type}"
            );
        }
    }
}
