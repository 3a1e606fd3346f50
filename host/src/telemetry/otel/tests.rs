use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::*;

/// A collector that keeps what it gets, and may be gone.
#[derive(Default)]
struct Collector {
    got: Mutex<Vec<Request<Bytes>>>,
    gone: bool,
}

struct Line(Arc<Collector>);

impl Carry for Line {
    fn carry(&self, request: Request<Bytes>, _: Duration) -> Carried {
        let collector = Arc::clone(&self.0);
        Box::pin(async move {
            if collector.gone {
                return Err("connection refused".to_owned());
            }
            collector.got.lock().unwrap().push(request);
            let mut answer = Response::new(Bytes::new());
            *answer.status_mut() = StatusCode::OK;
            Ok(answer)
        })
    }
}

fn settings() -> Settings {
    Settings {
        protocol: Protocol::Http,
        traces: Some("http://collector/v1/traces".to_owned()),
        metrics: Some("http://collector/v1/metrics".to_owned()),
        headers: vec![("x-key".to_owned(), Secret::new("of-the-operator"))],
        service_name: "gateway-7".to_owned(),
        resource: vec![("deployment.environment".to_owned(), "prod".to_owned())],
        sampler: Sampler::read("parentbased_always_on", None).unwrap(),
        content: false,
        callers: true,
        timeout: Duration::from_secs(1),
        metrics_every: Duration::from_secs(60),
    }
}

fn text(request: &Request<Bytes>) -> String {
    String::from_utf8_lossy(request.body()).into_owned()
}

/// Everything that is sent of these records when the gateway stops.
async fn sent(otel: &Otel, collector: &Arc<Collector>) {
    let stop = CancellationToken::new();
    stop.cancel();
    let line = Arc::new(Line(Arc::clone(collector)));
    otel.clone().run(line, stop).await.unwrap();
}

#[tokio::test]
async fn a_call_reaches_the_collector_as_spans_and_metrics() {
    let collector = Arc::new(Collector::default());
    let otel = Otel::new(settings());
    otel.end(samples::record);
    sent(&otel, &collector).await;
    let got = collector.got.lock().unwrap();
    let [traces, metrics] = got.as_slice() else {
        panic!("{got:?}");
    };
    assert_eq!(traces.uri(), "http://collector/v1/traces");
    let header = |name: &str| traces.headers().get(name).and_then(|it| it.to_str().ok());
    assert_eq!(header("x-key"), Some("of-the-operator"));
    assert_eq!(header("content-type"), Some("application/x-protobuf"));
    for wanted in [
        "gateway-7",
        "deployment.environment",
        "POST /v1/chat/completions",
        "chat gpt-4o",
        "azure.ai.openai",
        "sluice.call.id",
    ] {
        assert!(text(traces).contains(wanted), "{wanted}");
    }
    assert_eq!(metrics.uri(), "http://collector/v1/metrics");
    for wanted in [
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.server.request.duration",
        "gen_ai.server.time_to_first_token",
    ] {
        assert!(text(metrics).contains(wanted), "{wanted}");
    }
    assert_eq!((otel.counts().sent, otel.counts().failures), (1, 0));
}

#[tokio::test]
async fn a_call_that_is_not_sampled_is_counted_and_not_traced() {
    let collector = Arc::new(Collector::default());
    let otel = Otel::new(settings());
    let not = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let trace = otel.begin(Some(not), None).unwrap();
    // What goes on to the upstream says so.
    assert!(trace.context.header(1).ends_with("-00"));
    otel.end(|| Record {
        trace: Some(trace),
        ..samples::record()
    });
    sent(&otel, &collector).await;
    let got = collector.got.lock().unwrap();
    let paths: Vec<&str> = got.iter().map(|it| it.uri().path()).collect();
    assert_eq!(paths, ["/v1/metrics"]);
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_records_and_nothing_else() {
    let gone = Arc::new(Collector {
        gone: true,
        ..Collector::default()
    });
    let otel = Otel::new(settings());
    for _ in 0..QUEUE + 9 {
        otel.end(samples::record);
    }
    let counts = otel.counts();
    assert_eq!((counts.waiting, counts.dropped), (QUEUE as u64, 9));
    sent(&otel, &gone).await;
    let counts = otel.counts();
    assert_eq!((counts.waiting, counts.sent), (0, 0));
    assert!(counts.failures >= 2, "{counts:?}");
}

#[tokio::test]
async fn records_are_sent_while_the_gateway_runs() {
    let collector = Arc::new(Collector::default());
    let otel = Otel::new(settings());
    let stop = CancellationToken::new();
    let line = Arc::new(Line(Arc::clone(&collector)));
    let running = otel.clone().run(line, stop.clone());
    let calling = async {
        otel.end(samples::record);
        while otel.counts().sent < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(running, calling);
    ran.unwrap();
}

#[test]
fn where_nothing_is_exported_nothing_is_made() {
    let off = Otel::default();
    assert!(off.begin(None, None).is_none() && !off.is_on());
    off.end(|| panic!("a record is made"));
    let metrics_only = Otel::new(Settings {
        traces: None,
        content: true,
        callers: true,
        ..settings()
    });
    assert!(metrics_only.begin(None, None).is_none());
    assert!(!metrics_only.wants_content());
}
