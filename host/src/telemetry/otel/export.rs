//! The task that sends: spans in batches, metrics at an interval.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    MetricExporter, Protocol as Wire, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::carry::{Carrier, Carry};
use super::meters::Meters;
use super::record::Record;
use super::{Inner, Protocol, Settings, spans};

/// Calls that are sent at once.
const MOST: usize = 512;
/// How long the first of them waits for more.
const LINGER: Duration = Duration::from_secs(1);
/// How long what waits may take after a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
#[error("the OpenTelemetry exporter cannot be set up: {0}")]
pub struct ExportError(String);

/// Both exporters, as far as they are on.
struct Exporters {
    spans: Option<SpanExporter>,
    metrics: Option<MetricExporter>,
    meters: Meters,
    scope: InstrumentationScope,
}

pub async fn run(
    inner: &Inner,
    mut waiting: mpsc::Receiver<Record>,
    carry: Arc<dyn Carry>,
    stop: CancellationToken,
) -> Result<(), ExportError> {
    let mut exporters = Exporters::new(&inner.settings, carry)?;
    let mut tick = tokio::time::interval(inner.settings.metrics_every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.reset();
    let mut batch = Vec::with_capacity(MOST);
    let mut due: Option<Instant> = None;
    loop {
        let room = MOST.saturating_sub(batch.len()).max(1);
        let linger = due.unwrap_or_else(Instant::now);
        tokio::select! {
            () = stop.cancelled() => break,
            count = waiting.recv_many(&mut batch, room) => {
                if count == 0 {
                    break;
                }
                due = due.or_else(|| Some(Instant::now() + LINGER));
                if batch.len() < MOST {
                    continue;
                }
            }
            () = tokio::time::sleep_until(linger), if due.is_some() => {}
            _ = tick.tick() => {
                exporters.send_metrics(inner).await;
                continue;
            }
        }
        exporters.send_spans(&mut batch, inner).await;
        due = None;
    }
    let last = async {
        while let Ok(record) = waiting.try_recv() {
            batch.push(record);
        }
        exporters.send_spans(&mut batch, inner).await;
        exporters.send_metrics(inner).await;
    };
    if tokio::time::timeout(LAST_WORDS, last).await.is_err() {
        tracing::warn!("the collector did not take the last traces in time");
    }
    Ok(())
}

impl Exporters {
    fn new(settings: &Settings, carry: Arc<dyn Carry>) -> Result<Self, ExportError> {
        let resource = settings.resource.iter();
        let resource = resource.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let resource = Resource::builder_empty()
            .with_attributes(resource)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_service_name(settings.service_name.clone())
            .build();
        let scope = InstrumentationScope::builder("sluice")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let carrier = Carrier {
            carry,
            time: settings.timeout,
        };
        let traces = settings.traces.as_deref();
        let mut spans = traces
            .map(|to| span_exporter(settings, to, carrier.clone()))
            .transpose()?;
        if let Some(spans) = &mut spans {
            spans.set_resource(&resource);
        }
        let metrics = settings.metrics.as_deref();
        let metrics = metrics
            .map(|to| metric_exporter(settings, to, carrier))
            .transpose()?;
        Ok(Self {
            spans,
            metrics,
            meters: Meters::new(resource, scope.clone()),
            scope,
        })
    }

    /// Counts records and sends their spans.
    async fn send_spans(&mut self, batch: &mut Vec<Record>, inner: &Inner) {
        let mut all = Vec::new();
        for record in batch.iter() {
            self.meters.count(record);
            if let Some(trace) = &record.trace {
                all.extend(spans::of(record, trace, &self.scope));
            }
        }
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        batch.clear();
        if let Some(exporter) = self.spans.as_ref().filter(|_| !all.is_empty())
            && let Err(cause) = exporter.export(all).await
        {
            failed("traces", &cause.to_string(), inner);
            return;
        }
        inner.sent.fetch_add(count, Ordering::Relaxed);
    }

    async fn send_metrics(&mut self, inner: &Inner) {
        let Some(exporter) = &self.metrics else {
            return;
        };
        let sent = match self.meters.collect() {
            Ok(all) => exporter.export(&all).await.map_err(|it| it.to_string()),
            Err(cause) => Err(cause),
        };
        if let Err(cause) = sent {
            failed("metrics", &cause, inner);
        }
    }
}

/// One line for each time the failures have doubled: a collector may be gone for days.
fn failed(what: &str, cause: &str, inner: &Inner) {
    let count = inner.failures.fetch_add(1, Ordering::Relaxed) + 1;
    if count.is_power_of_two() {
        tracing::warn!(%cause, failures = count, "the collector does not take {what}");
    }
}

fn headers(settings: &Settings) -> HashMap<String, String> {
    let all = settings.headers.iter();
    all.map(|(name, value)| (name.clone(), value.reveal().to_owned()))
        .collect()
}

fn metadata(settings: &Settings) -> Result<MetadataMap, ExportError> {
    let mut map = http::HeaderMap::new();
    for (name, value) in &settings.headers {
        let bad = || ExportError(format!("the header `{name}` cannot be sent"));
        let key = http::HeaderName::try_from(name.to_ascii_lowercase()).map_err(|_| bad())?;
        let value = http::HeaderValue::try_from(value.reveal()).map_err(|_| bad())?;
        map.insert(key, value);
    }
    Ok(MetadataMap::from_headers(map))
}

fn unbuilt(cause: impl std::fmt::Display) -> ExportError {
    ExportError(cause.to_string())
}

fn span_exporter(
    settings: &Settings,
    to: &str,
    carrier: Carrier,
) -> Result<SpanExporter, ExportError> {
    match settings.protocol {
        Protocol::Http => SpanExporter::builder()
            .with_http()
            .with_http_client(carrier)
            .with_protocol(Wire::HttpBinary)
            .with_endpoint(to)
            .with_headers(headers(settings))
            .with_timeout(settings.timeout)
            .build()
            .map_err(unbuilt),
        Protocol::Grpc => {
            let mut builder = SpanExporter::builder()
                .with_tonic()
                .with_endpoint(to)
                .with_metadata(metadata(settings)?)
                .with_timeout(settings.timeout);
            if to.starts_with("https://") {
                builder = builder.with_tls_config(ClientTlsConfig::new().with_native_roots());
            }
            builder.build().map_err(unbuilt)
        }
    }
}

fn metric_exporter(
    settings: &Settings,
    to: &str,
    carrier: Carrier,
) -> Result<MetricExporter, ExportError> {
    match settings.protocol {
        Protocol::Http => MetricExporter::builder()
            .with_http()
            .with_http_client(carrier)
            .with_protocol(Wire::HttpBinary)
            .with_endpoint(to)
            .with_headers(headers(settings))
            .with_timeout(settings.timeout)
            .build()
            .map_err(unbuilt),
        Protocol::Grpc => {
            let mut builder = MetricExporter::builder()
                .with_tonic()
                .with_endpoint(to)
                .with_metadata(metadata(settings)?)
                .with_timeout(settings.timeout);
            if to.starts_with("https://") {
                builder = builder.with_tls_config(ClientTlsConfig::new().with_native_roots());
            }
            builder.build().map_err(unbuilt)
        }
    }
}
