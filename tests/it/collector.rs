//! Traces and metrics, sent by gRPC to a collector on loopback.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use sluice::telemetry::otel::record::Record;
use sluice::telemetry::otel::sampler::Sampler;
use sluice::telemetry::otel::{Carry, Otel, Protocol, Settings};
use sluice_tests::{FakeUpstream, TestGateway};
use tokio_util::sync::CancellationToken;

/// What a collector answers that took everything: an empty message, and a status behind it.
fn taken() -> Response {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let empty = Full::new(axum::body::Bytes::from_static(&[0; 5]));
    let body = empty.with_trailers(async move { Some(Ok(trailers)) });
    let kind = [("content-type", "application/grpc")];
    (kind, Body::new(body)).into_response()
}

/// gRPC has connections of its own.
struct Nothing;

impl Carry for Nothing {
    fn carry(
        &self,
        _: http::Request<axum::body::Bytes>,
        _: Duration,
    ) -> sluice::telemetry::otel::Carried {
        Box::pin(async { Err("nothing goes by HTTP".to_owned()) })
    }
}

/// A text under a name, as protocol buffers write the two.
fn pair(name: &str, value: &str) -> String {
    let field = |tag: char, text: &str| {
        let length = char::from(u8::try_from(text.len()).unwrap());
        assert!(length.is_ascii());
        format!("{tag}{length}{text}")
    };
    field('\n', name) + &field('\u{12}', &field('\n', value))
}

/// A gateway with a model that echoes, which sends by gRPC to this address.
async fn gateway(collector: &str) -> TestGateway {
    let params = json!({"model": "echo/demo"});
    let config = json!({"model_list": [{"model_name": "mine", "litellm_params": params}]});
    let code = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_SERVICE_NAME", "gateway-8"),
    ];
    TestGateway::start_in(config, &[], &code, &variables).await
}

async fn ask(gateway: &TestGateway, stream: bool) {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = json!({"model": "mine", "stream": stream, "messages": messages});
    let answer = gateway.post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("hi"), "{}", answer.text);
}

#[tokio::test]
async fn a_gateway_sends_by_grpc_where_its_environment_says_so() {
    let collector = FakeUpstream::start(|_| async { taken() }).await;
    for stream in [false, true] {
        let gateway = gateway(&collector.url).await;
        ask(&gateway, stream).await;
        // What is left is sent when it stops.
        gateway.stop().await.unwrap();
        let seen = collector.seen();
        let last = |path: &str| seen.iter().rfind(|it| it.path.ends_with(path)).unwrap();
        let traces = last("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        for wanted in ["POST /v1/chat/completions", "chat demo"] {
            assert!(traces.body.contains(wanted), "{wanted}: {}", traces.body);
        }
        for (name, value) in [
            ("service.name", "gateway-8"),
            ("http.route", "/v1/chat/completions"),
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "echo"),
            ("gen_ai.request.model", "mine"),
            ("gen_ai.request.model", "demo"),
            ("sluice.model_group", "mine"),
        ] {
            let pair = pair(name, value);
            assert!(traces.body.contains(&pair), "{name}: {}", traces.body);
        }
        let is_told_first = traces.body.contains("sluice.time_to_first_token_ms");
        assert_eq!(is_told_first, stream, "{}", traces.body);
        let metrics = last("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
        assert!(metrics.body.contains("gen_ai.server.request.duration"));
        assert!(metrics.body.contains(&pair("gen_ai.provider.name", "echo")));
        let has_first = metrics.body.contains("gen_ai.server.time_to_first_token");
        assert_eq!(has_first, stream, "{}", metrics.body);
    }
}

#[tokio::test]
async fn a_collector_by_grpc_that_is_down_costs_no_call_and_is_counted() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let gateway = gateway(&address).await;
    let failures = async || {
        let metrics = gateway.get("/metrics").await.text;
        let mut lines = metrics.lines();
        let line = lines.find(|it| it.starts_with("sluice_otel_export_failures_total{"));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(failures().await, "0");
    ask(&gateway, false).await;
    ask(&gateway, true).await;
    let told = async {
        while failures().await == "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    assert!(told.is_ok(), "it is never counted");
    ask(&gateway, true).await;
    gateway.stop().await.unwrap();
}

fn record(otel: &Otel) -> Record {
    Record {
        trace: otel.begin(None, None),
        call_id: "c1".into(),
        operation: "chat",
        asked_model: "mine".into(),
        model_group: "mine".into(),
        model: Some("gpt-4o".into()),
        provider: Some("openai".into()),
        server: None,
        answer_id: None,
        status: 200,
        error: None,
        took: Duration::from_millis(20),
        overhead: Duration::from_micros(100),
        first_token: None,
        stream: false,
        input_tokens: Some(1),
        output_tokens: Some(2),
        cached_tokens: 0,
        cost: None,
        key_alias: None,
        team: None,
        user: None,
        answered: None,
    }
}

#[tokio::test]
async fn traces_and_metrics_reach_a_collector_by_grpc() {
    let collector = FakeUpstream::start(|_| async { taken() }).await;
    let otel = Otel::new(Settings {
        protocol: Protocol::Grpc,
        traces: Some(collector.url.clone()),
        metrics: Some(collector.url.clone()),
        headers: Vec::new(),
        service_name: "gateway-7".into(),
        resource: Vec::new(),
        sampler: Sampler::read("always_on", None).unwrap(),
        content: false,
        callers: true,
        timeout: Duration::from_secs(5),
        metrics_every: Duration::from_secs(60),
    });
    otel.end(|| record(&otel));
    let stop = CancellationToken::new();
    stop.cancel();
    otel.clone().run(Arc::new(Nothing), stop).await.unwrap();
    let counts = otel.counts();
    assert_eq!((counts.sent, counts.failures), (1, 0), "{counts:?}");
    let seen = collector.seen();
    let at = |path: &str| seen.iter().find(|it| it.path.ends_with(path)).unwrap();
    let traces = at("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    for wanted in [
        "gateway-7",
        "POST /v1/chat/completions",
        "gen_ai.operation.name",
    ] {
        assert!(traces.body.contains(wanted), "{wanted}");
    }
    let metrics = at("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
    assert!(metrics.body.contains("gen_ai.client.token.usage"));
}
