//! Calls as OpenTelemetry's metrics for generative AI. The SDK holds at most 2,000 sets of
//! attributes for each; what is beyond them it counts under one.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};

use super::record::Record;
use super::spans::{operation, provider};

/// Upper ends of buckets in seconds, as the conventions advise.
const SECONDS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// The same of first tokens.
const FIRST: [f64; 16] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// The same of tokens.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The reader, held by the provider and by whoever asks for metrics.
#[derive(Clone)]
struct Shared(Arc<ManualReader>);

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Shared")
    }
}

impl MetricReader for Shared {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, into: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(into)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, time: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(time)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// What is counted.
#[derive(Debug)]
pub struct Meters {
    reader: Shared,
    /// Its instruments live as long.
    _provider: SdkMeterProvider,
    client: Histogram<f64>,
    tokens: Histogram<u64>,
    server: Histogram<f64>,
    first: Histogram<f64>,
}

impl Meters {
    pub fn new(resource: Resource, scope: InstrumentationScope) -> Self {
        let reader = Shared(Arc::new(ManualReader::builder().build()));
        let provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.clone())
            .build();
        let meter = provider.meter_with_scope(scope);
        let seconds = |name: &'static str, help: &'static str, ends: &[f64]| {
            let made = meter.f64_histogram(name).with_unit("s");
            let made = made.with_description(help);
            made.with_boundaries(ends.to_vec()).build()
        };
        let client = seconds(
            "gen_ai.client.operation.duration",
            "Calls, as far as upstreams were waited for",
            &SECONDS,
        );
        let server = seconds("gen_ai.server.request.duration", "Whole calls", &SECONDS);
        let first = seconds(
            "gen_ai.server.time_to_first_token",
            "From a call's start to the first event of its stream",
            &FIRST,
        );
        let tokens = meter
            .u64_histogram("gen_ai.client.token.usage")
            .with_unit("{token}")
            .with_description("Tokens, read and written")
            .with_boundaries(TOKENS.to_vec())
            .build();
        Self {
            reader,
            _provider: provider,
            client,
            tokens,
            server,
            first,
        }
    }

    /// Counts a call.
    pub fn count(&self, record: &Record) {
        let mut all = vec![KeyValue::new(
            "gen_ai.operation.name",
            operation(record.operation),
        )];
        if let Some(name) = &record.provider {
            all.push(KeyValue::new(
                "gen_ai.provider.name",
                provider(name).into_owned(),
            ));
        }
        // The group is one of the config's; what clients ask for has no end.
        let group = record.model_group.clone();
        all.push(KeyValue::new("gen_ai.request.model", group));
        if let Some(model) = &record.model {
            all.push(KeyValue::new("gen_ai.response.model", model.clone()));
        }
        if let Some((host, port)) = &record.server {
            all.push(KeyValue::new("server.address", host.clone()));
            all.push(KeyValue::new("server.port", i64::from(*port)));
        }
        for (kind, tokens) in [
            ("input", record.input_tokens),
            ("output", record.output_tokens),
        ] {
            if let Some(tokens) = tokens {
                let mut all = all.clone();
                all.push(KeyValue::new("gen_ai.token.type", kind));
                self.tokens.record(tokens, &all);
            }
        }
        if let Some((kind, _)) = &record.error {
            all.push(KeyValue::new("error.type", *kind));
        }
        let upstream = record.took.saturating_sub(record.overhead);
        if record.provider.is_some() {
            self.client.record(upstream.as_secs_f64(), &all);
        }
        self.server.record(record.took.as_secs_f64(), &all);
        if let Some(first) = record.first_token {
            self.first.record(first.as_secs_f64(), &all);
        }
    }

    /// Everything since the start.
    ///
    /// # Errors
    /// The SDK has no answer.
    pub fn collect(&self) -> Result<ResourceMetrics, String> {
        let mut all = ResourceMetrics::default();
        let collected = self.reader.collect(&mut all);
        collected.map_err(|cause| cause.to_string())?;
        Ok(all)
    }
}
