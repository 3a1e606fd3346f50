//! What is known of a call that ended, as the exporter gets it.

use std::time::{Duration, SystemTime};

use super::context::Context;

/// A call that is traced, while it runs.
#[derive(Debug, Clone)]
pub struct Trace {
    pub context: Context,
    pub started: SystemTime,
    pub attempts: Vec<Attempt>,
    /// What was asked, if content is exported.
    pub asked: Option<String>,
}

/// One send to a deployment.
#[derive(Debug, Clone, Default)]
pub struct Attempt {
    pub span: u64,
    /// From the call's start.
    pub began: Duration,
    pub took: Duration,
    pub provider: String,
    pub model: String,
    pub deployment: String,
    /// The host that is asked, and its port.
    pub server: Option<(String, u16)>,
    /// The kind of the failure.
    pub error: Option<(&'static str, String)>,
    /// Attempts before it in the same model group.
    pub resends: u32,
    /// Calls of the plugin: which export, when from the call's start, how long.
    pub plugin: Vec<(&'static str, Duration, Duration)>,
    pub plugin_name: String,
}

/// A call that ended.
#[derive(Debug, Clone)]
pub struct Record {
    /// None: it is counted only.
    pub trace: Option<Box<Trace>>,
    pub call_id: String,
    pub operation: &'static str,
    /// The model that the client asked for.
    pub asked_model: String,
    pub model_group: String,
    /// The model that answered, at the provider.
    pub model: Option<String>,
    pub provider: Option<String>,
    pub server: Option<(String, u16)>,
    pub answer_id: Option<String>,
    pub status: u16,
    /// The kind of the failure, and what is known of it.
    pub error: Option<(&'static str, String)>,
    pub took: Duration,
    pub overhead: Duration,
    pub first_token: Option<Duration>,
    pub stream: bool,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cached_tokens: u64,
    /// Dollars.
    pub cost: Option<f64>,
    pub key_alias: Option<String>,
    pub team: Option<String>,
    pub user: Option<String>,
    /// What was answered, if content is exported.
    pub answered: Option<String>,
}
