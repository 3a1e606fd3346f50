//! What a call ends in: an answer, or a failure; and what is known of the way there.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::fleet::Line;
use super::guards::Report;
use crate::domain::{CallId, Fault, Usage, Usd};
use crate::prices::Cost;

/// A stream of bytes for the client. It never ends in an error: failures are events in it.
pub type ByteStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// A stream of sound, which ends in an error if it was cut off.
pub type SoundStream = Pin<Box<dyn Stream<Item = Result<Bytes, CutOff>> + Send>>;

/// The sound ended before its end.
#[derive(Debug, thiserror::Error)]
#[error("the upstream broke off")]
pub struct CutOff;

/// The answer to a client.
pub struct Answer {
    pub status: u16,
    pub content_type: Cow<'static, str>,
    pub body: AnswerBody,
    pub trail: Trail,
}

/// The bytes of a file for the client. It ends in an error where the file is cut off, so that what
/// came of it is not taken for all of it.
pub type FileStream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Whole, or as it comes.
pub enum AnswerBody {
    Whole(Bytes),
    Stream(ByteStream),
    Sound(SoundStream),
    File(FileStream),
}

/// A call that failed.
pub struct Failure {
    pub fault: Fault,
    pub trail: Box<Trail>,
}

/// What happened on the way, for headers, the log and metrics.
#[derive(Clone)]
pub struct Trail {
    pub call_id: CallId,
    pub operation: &'static str,
    pub started: Instant,
    pub model_group: String,
    /// The deployment that was tried last, and the model it was asked for.
    pub line: Option<Arc<Line>>,
    pub upstream_model: Option<String>,
    /// Attempts beyond the first in the group that answered.
    pub retries: u32,
    /// How many there might have been.
    pub max_retries: u32,
    pub fallbacks: u32,
    /// Attempts beyond the first, in all groups.
    pub moves: u32,
    /// Time spent waiting for upstreams.
    pub upstream_time: Duration,
    /// From the call's start to the first event of a stream.
    pub first_token: Option<Duration>,
    pub usage: Option<Usage>,
    /// What it asked for is made in the background: it is charged when it is seen done.
    pub is_pending: bool,
    /// The gateway counted the tokens that were asked for, not the provider.
    pub counted_here: bool,
    /// The answer's `id`, as the provider gave it.
    pub provider_id: Option<String>,
    /// What the call cost, once it is known; None also where the price is unknown.
    pub cost: Option<Usd>,
    /// The key under which the answer was kept, if it was.
    pub cache_key: Option<String>,
    /// What the cost is made of.
    pub bill: Option<Box<Cost>>,
    /// What is left of the caller's limits, as headers.
    pub limits: Vec<(String, String)>,
    pub stream: bool,
    /// What its guardrails came to.
    pub guards: Report,
    /// Members of the request that had no effect at the deployment that was tried last.
    pub dropped: Vec<String>,
    /// The upstream's headers that are passed on.
    pub upstream_headers: Vec<(HeaderName, HeaderValue)>,
}

impl Trail {
    pub fn new(
        call_id: CallId,
        operation: &'static str,
        model_group: String,
        stream: bool,
    ) -> Self {
        Self {
            call_id,
            operation,
            started: Instant::now(),
            model_group,
            line: None,
            upstream_model: None,
            retries: 0,
            max_retries: 0,
            fallbacks: 0,
            moves: 0,
            upstream_time: Duration::ZERO,
            first_token: None,
            usage: None,
            is_pending: false,
            counted_here: false,
            provider_id: None,
            cost: None,
            cache_key: None,
            bill: None,
            limits: Vec::new(),
            stream,
            guards: Report::default(),
            dropped: Vec::new(),
            upstream_headers: Vec::new(),
        }
    }

    /// Members of the request that had no effect: each is told once.
    pub fn leave_out(&mut self, members: impl IntoIterator<Item = String>) {
        for member in members {
            if !self.dropped.contains(&member) {
                self.dropped.push(member);
            }
        }
    }

    pub fn deployment_id(&self) -> Option<&str> {
        self.line.as_ref().map(|line| line.deployment.id.as_str())
    }

    pub fn provider(&self) -> Option<&str> {
        self.line
            .as_ref()
            .map(|line| line.deployment.provider.as_str())
    }

    pub fn api_base(&self) -> Option<&str> {
        self.line.as_ref()?.api_base.as_deref()
    }

    /// Which rate limit is told by which header of the upstream, as the plugin describes it.
    pub fn rate_limit_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let described = self.line.iter().map(|line| &line.provider.describe);
        let named = described.flat_map(|it| &it.rate_limit_headers);
        named.map(|(kind, header)| (kind.as_str(), header.as_str()))
    }

    /// What the upstream says is left of one of its limits, by OpenAI's name of the header.
    pub fn left(&self, name: &str) -> Option<u64> {
        let own = self.rate_limit_headers().find_map(|(kind, theirs)| {
            let said = name.strip_prefix("x-ratelimit-")?;
            let same = said
                .bytes()
                .eq(kind.bytes().map(|it| if it == b'_' { b'-' } else { it }));
            same.then_some(theirs)
        });
        let wanted = own.unwrap_or(name);
        let mut headers = self.upstream_headers.iter();
        let (_, value) = headers.find(|(it, _)| it.as_str().eq_ignore_ascii_case(wanted))?;
        value.to_str().ok()?.trim().parse().ok()
    }

    /// What the cost is made of, by LiteLLM's names of the headers that say it. Input is without
    /// its cached parts, which stand beside it; what most calls have not stands only where there
    /// is any.
    pub fn cost_parts(&self) -> impl Iterator<Item = (&'static str, Usd)> {
        self.bill.iter().flat_map(|bill| parts(bill))
    }

    /// The call's time less the time spent waiting for upstreams.
    pub fn overhead(&self) -> Duration {
        self.started.elapsed().saturating_sub(self.upstream_time)
    }
}

fn parts(bill: &Cost) -> impl Iterator<Item = (&'static str, Usd)> + use<> {
    let cached = bill.cache_read + bill.cache_write;
    // A share has the digits of an amount.
    let margin_percent = Usd::from_pico(i128::from(bill.margin_share) * 1000);
    let always = [
        ("x-litellm-response-cost-original", bill.original),
        ("x-litellm-response-cost-input", bill.input - cached),
        ("x-litellm-response-cost-output", bill.output),
        ("x-litellm-response-cost-tool-usage", bill.tools),
        ("x-litellm-response-cost-discount-amount", bill.discount),
        ("x-litellm-response-cost-margin-amount", bill.margin),
        ("x-litellm-response-cost-margin-percent", margin_percent),
    ];
    let if_any = [
        ("x-litellm-response-cost-cache-read", bill.cache_read),
        ("x-litellm-response-cost-cache-creation", bill.cache_write),
        ("x-litellm-response-cost-reasoning", bill.reasoning),
    ];
    let any = if_any.into_iter().filter(|it| !it.1.is_zero());
    always.into_iter().chain(any)
}
