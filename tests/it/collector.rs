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

#[tokio::test]
async fn a_gateway_sends_by_grpc_where_its_environment_says_so() {
    let collector = FakeUpstream::start(|_| async { taken() }).await;
    let params = json!({"model": "nobody/m", "api_key": "k"});
    let config = json!({"model_list": [{"model_name": "mine", "litellm_params": params}]});
    let code = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_SERVICE_NAME", "gateway-8"),
    ];
    let gateway = TestGateway::start_in(config, &[], &code, &variables).await;
    let body = json!({"model": "mine", "messages": [{"role": "user", "content": "hi"}]});
    // No plugin serves it: the failure is told like any call.
    let refused = gateway.post("/v1/chat/completions", &body).await;
    assert!(refused.status >= 400, "{}", refused.text);
    // What is left is sent when it stops.
    gateway.stop().await.unwrap();
    let seen = collector.seen();
    let at = |path: &str| seen.iter().find(|it| it.path.ends_with(path)).unwrap();
    let traces = at("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    for wanted in ["gateway-8", "POST /v1/chat/completions"] {
        assert!(traces.body.contains(wanted), "{wanted}");
    }
    let metrics = at("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
    assert!(metrics.body.contains("gen_ai.server.request.duration"));
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
