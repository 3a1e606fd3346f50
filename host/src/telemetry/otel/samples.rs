//! A call, for tests.

use std::time::{Duration, SystemTime};

use super::context::{Context, Parent};
use super::record::{Attempt, Record, Trace};

/// A call that one deployment refused and another answered.
pub fn record() -> Record {
    let parent = Parent {
        trace: 7,
        span: 8,
        sampled: true,
    };
    let attempt = |span: u64, began: u64| Attempt {
        span,
        began: Duration::from_millis(began),
        took: Duration::from_millis(100),
        provider: "azure".into(),
        model: "gpt-4o".into(),
        deployment: "d1".into(),
        server: Some(("llm.example.com".into(), 443)),
        error: None,
        resends: 0,
        plugin: vec![(
            "start",
            Duration::from_millis(began),
            Duration::from_micros(40),
        )],
        plugin_name: "openai".into(),
    };
    let failed = Attempt {
        error: Some(("rate-limit", "slow down".into())),
        ..attempt(21, 1)
    };
    let trace = Trace {
        context: Context::below(Some(parent), None, true),
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        attempts: vec![failed, attempt(22, 150)],
        asked: None,
    };
    Record {
        trace: Some(Box::new(trace)),
        call_id: "c1".into(),
        operation: "chat",
        asked_model: "mine".into(),
        model_group: "mine".into(),
        model: Some("gpt-4o".into()),
        provider: Some("azure".into()),
        server: Some(("llm.example.com".into(), 443)),
        answer_id: Some("chatcmpl-1".into()),
        status: 200,
        error: None,
        took: Duration::from_millis(260),
        overhead: Duration::from_micros(300),
        first_token: Some(Duration::from_millis(200)),
        stream: true,
        input_tokens: Some(12),
        output_tokens: Some(40),
        cached_tokens: 0,
        cost: Some(0.25),
        key_alias: Some("ci".into()),
        team: Some("t1".into()),
        user: None,
        answered: None,
    }
}
