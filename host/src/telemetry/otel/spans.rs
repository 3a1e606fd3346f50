//! A call as spans: one for the call, one below it for each attempt. Names and attributes are those
//! of OpenTelemetry's conventions for HTTP and for generative AI; ours begin with `sluice.`.

use std::borrow::Cow;
use std::str::FromStr as _;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::record::{Attempt, Record, Trace};
use crate::telemetry::route::route;

/// The spans of a call.
pub fn of(record: &Record, trace: &Trace, scope: &InstrumentationScope) -> Vec<SpanData> {
    let mut spans = Vec::with_capacity(trace.attempts.len() + 1);
    let last = trace.attempts.len();
    for (at, attempt) in trace.attempts.iter().enumerate() {
        let answer = (at + 1 == last).then_some(record);
        spans.push(of_attempt(attempt, answer, (record, trace), scope));
    }
    spans.push(of_call(record, trace, scope));
    spans
}

/// The conventions' name of an operation.
pub fn operation(name: &str) -> &'static str {
    match name {
        "completions" => "text_completion",
        "embeddings" => "embeddings",
        "count-tokens" => "count_tokens",
        "pass-through" => "pass_through",
        // Responses and messages are chats to those who read traces.
        _ => "chat",
    }
}

/// The conventions' name of a provider; what they do not name stays as we name it.
pub fn provider(name: &str) -> Cow<'static, str> {
    Cow::Borrowed(match name {
        "azure" => "azure.ai.openai",
        "azure_ai" => "azure.ai.inference",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "vertex_ai" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "watsonx" => "ibm.watsonx.ai",
        "xai" => "x_ai",
        other => return Cow::Owned(other.to_owned()),
    })
}

/// Attributes in the making: what is absent is left out.
#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push(KeyValue::new(name, value));
    }

    fn text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value.filter(|it| !it.is_empty()) {
            self.add(name, value.to_owned());
        }
    }

    fn count(&mut self, name: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.add(name, i64::try_from(value).unwrap_or(i64::MAX));
        }
    }

    fn server(&mut self, server: Option<&(String, u16)>) {
        if let Some((host, port)) = server {
            self.add("server.address", host.clone());
            self.add("server.port", i64::from(*port));
        }
    }

    /// What the answer used.
    fn usage(&mut self, record: &Record) {
        self.count("gen_ai.usage.input_tokens", record.input_tokens);
        self.count("gen_ai.usage.output_tokens", record.output_tokens);
        let cached = Some(record.cached_tokens).filter(|it| *it > 0);
        self.count("gen_ai.usage.cache_read.input_tokens", cached);
    }
}

fn status(error: Option<&(&'static str, String)>, ours: bool) -> Status {
    match error {
        Some((_, text)) if ours => Status::error(text.clone()),
        _ => Status::Unset,
    }
}

fn of_call(record: &Record, trace: &Trace, scope: &InstrumentationScope) -> SpanData {
    let route = route(record.operation);
    let mut all = Attributes::default();
    all.add("http.request.method", "POST");
    all.add("http.route", route);
    all.add("url.path", route);
    all.add("http.response.status_code", i64::from(record.status));
    all.add("gen_ai.operation.name", operation(record.operation));
    all.text("gen_ai.request.model", Some(&record.asked_model));
    all.text("gen_ai.response.model", record.model.as_deref());
    all.text("gen_ai.response.id", record.answer_id.as_deref());
    all.usage(record);
    all.text("error.type", record.error.as_ref().map(|it| it.0));
    all.text("sluice.call.id", Some(&record.call_id));
    all.text("sluice.model_group", Some(&record.model_group));
    all.text("sluice.key.alias", record.key_alias.as_deref());
    all.text("sluice.team.id", record.team.as_deref());
    all.text("sluice.user.id", record.user.as_deref());
    all.add("sluice.stream", record.stream);
    all.add("sluice.overhead_ms", millis(record.overhead));
    if let Some(first) = record.first_token {
        all.add("sluice.time_to_first_token_ms", millis(first));
    }
    if let Some(cost) = record.cost {
        all.add("sluice.cost_usd", cost);
    }
    all.text("gen_ai.input.messages", trace.asked.as_deref());
    all.text("gen_ai.output.messages", record.answered.as_deref());
    let name = match record.operation {
        "chat" => Cow::Borrowed("POST /v1/chat/completions"),
        _ => Cow::Owned(format!("POST {route}")),
    };
    let span = Span {
        id: trace.context.span,
        parent: trace.context.parent,
        remote: trace.context.parent.is_some(),
        kind: SpanKind::Server,
        name,
        start: trace.started,
        took: record.took,
    };
    // A mistake of the client's is no error of the server's.
    let status = status(record.error.as_ref(), record.status >= 500);
    span.build(trace, (all.0, SpanEvents::default(), status), scope)
}

fn of_attempt(
    attempt: &Attempt,
    answer: Option<&Record>,
    (record, trace): (&Record, &Trace),
    scope: &InstrumentationScope,
) -> SpanData {
    let operation = operation(record.operation);
    let mut all = Attributes::default();
    all.add("gen_ai.operation.name", operation);
    all.add(
        "gen_ai.provider.name",
        provider(&attempt.provider).into_owned(),
    );
    all.text("gen_ai.request.model", Some(&attempt.model));
    all.server(attempt.server.as_ref());
    all.text("sluice.deployment.id", Some(&attempt.deployment));
    if attempt.resends > 0 {
        all.add("http.request.resend_count", i64::from(attempt.resends));
    }
    if let Some(record) = answer.filter(|_| attempt.error.is_none()) {
        all.text("gen_ai.response.model", record.model.as_deref());
        all.text("gen_ai.response.id", record.answer_id.as_deref());
        all.usage(record);
    }
    all.text("error.type", attempt.error.as_ref().map(|it| it.0));
    let start = later(trace.started, attempt.began);
    let mut events = SpanEvents::default();
    for (export, at, took) in &attempt.plugin {
        let attributes = vec![
            KeyValue::new("sluice.plugin.name", attempt.plugin_name.clone()),
            KeyValue::new("sluice.plugin.export", *export),
            KeyValue::new("sluice.plugin.duration_ms", millis(*took)),
        ];
        let at = later(trace.started, *at);
        events
            .events
            .push(Event::new("sluice.plugin", at, attributes, 0));
    }
    let span = Span {
        id: attempt.span,
        parent: Some(trace.context.span),
        remote: false,
        kind: SpanKind::Client,
        name: format!("{operation} {}", attempt.model).into(),
        start,
        took: attempt.took,
    };
    let status = status(attempt.error.as_ref(), true);
    span.build(trace, (all.0, events, status), scope)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn later(start: SystemTime, by: Duration) -> SystemTime {
    start.checked_add(by).unwrap_or(start)
}

/// A span without what is said of it.
struct Span {
    id: u64,
    parent: Option<u64>,
    remote: bool,
    kind: SpanKind,
    name: Cow<'static, str>,
    start: SystemTime,
    took: Duration,
}

impl Span {
    fn build(
        self,
        trace: &Trace,
        (attributes, events, status): (Vec<KeyValue>, SpanEvents, Status),
        scope: &InstrumentationScope,
    ) -> SpanData {
        let state = trace.context.state.as_deref();
        let state = state.and_then(|it| TraceState::from_str(it).ok());
        let flags = match trace.context.sampled {
            true => TraceFlags::SAMPLED,
            false => TraceFlags::NOT_SAMPLED,
        };
        let parent = self.parent.map(|it| SpanId::from_bytes(it.to_be_bytes()));
        SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(trace.context.trace.to_be_bytes()),
                SpanId::from_bytes(self.id.to_be_bytes()),
                flags,
                false,
                state.unwrap_or_default(),
            ),
            parent_span_id: parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: self.remote,
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            end_time: later(self.start, self.took),
            attributes,
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status,
            instrumentation_scope: scope.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn attribute<'s>(span: &'s SpanData, name: &str) -> Option<&'s Value> {
        let found = span.attributes.iter().find(|it| it.key.as_str() == name);
        found.map(|it| &it.value)
    }

    #[test]
    fn a_call_is_a_server_span_with_a_client_span_for_each_attempt() {
        let record = samples::record();
        let trace = record.trace.clone().unwrap();
        let scope = InstrumentationScope::builder("sluice").build();
        let spans = of(&record, &trace, &scope);
        let [failed, answered, call] = spans.as_slice() else {
            panic!("{spans:?}");
        };
        assert_eq!(call.span_kind, SpanKind::Server);
        assert_eq!(call.name, "POST /v1/chat/completions");
        assert!(call.parent_span_is_remote);
        for attempt in [failed, answered] {
            assert_eq!(attempt.parent_span_id, call.span_context.span_id());
            let trace = attempt.span_context.trace_id();
            assert_eq!(trace, call.span_context.trace_id());
            assert_eq!(attempt.span_kind, SpanKind::Client);
        }
        assert_eq!(attribute(failed, "error.type"), Some(&"rate-limit".into()));
        assert!(matches!(failed.status, Status::Error { .. }));
        assert_eq!(attribute(failed, "gen_ai.usage.input_tokens"), None);
        assert_eq!(answered.name, "chat gpt-4o");
        let provider = attribute(answered, "gen_ai.provider.name");
        assert_eq!(provider, Some(&"azure.ai.openai".to_owned().into()));
        let tokens = attribute(answered, "gen_ai.usage.input_tokens");
        assert_eq!(tokens, Some(&Value::I64(12)));
        let events: Vec<&str> = answered.events.events.iter().map(|it| &*it.name).collect();
        assert_eq!(events, ["sluice.plugin"]);
        assert!(answered.start_time >= failed.end_time);
    }

    #[test]
    fn the_span_of_a_call_names_the_path_of_its_operation() {
        let mut record = samples::record();
        record.operation = "images.generate";
        let trace = record.trace.clone().unwrap();
        let scope = InstrumentationScope::builder("sluice").build();
        let spans = of(&record, &trace, &scope);
        let call = spans.last().unwrap();
        assert_eq!(call.name, "POST /v1/images/generations");
        let route = attribute(call, "http.route");
        assert_eq!(route, Some(&"/v1/images/generations".into()));
    }

    #[test]
    fn what_was_said_is_in_a_trace_only_if_it_was_kept_for_it() {
        let mut record = samples::record();
        let scope = InstrumentationScope::builder("sluice").build();
        let said = |record: &Record| {
            let trace = record.trace.clone().unwrap();
            let spans = of(record, &trace, &scope);
            let names = ["gen_ai.input.messages", "gen_ai.output.messages"];
            let all = spans.iter().flat_map(|it| &it.attributes);
            all.filter(|it| names.contains(&it.key.as_str())).count()
        };
        assert_eq!(said(&record), 0);
        record.answered = Some("hello".into());
        assert_eq!(said(&record), 1);
    }
}
