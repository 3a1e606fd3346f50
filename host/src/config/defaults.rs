//! Every default, with its unit and where the number comes from.

use std::time::Duration;

/// LiteLLM's port.
pub const PORT: u16 = 4000;

/// Whole calls. LiteLLM's `request_timeout`.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(6000);

/// From sending to the head of the answer. Long completions answer late when they do not stream.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(600);

/// Between two pieces of an answer. Reasoning models are silent for minutes.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// LiteLLM's router default.
pub const NUM_RETRIES: u32 = 2;

/// LiteLLM's `max_fallbacks`.
pub const MAX_FALLBACKS: u32 = 5;

/// How long an answer is kept; LiteLLM's default in memory.
pub const CACHE_TTL: Duration = Duration::from_secs(600);

/// Longest time that an answer is kept: a year.
pub const LONGEST_CACHE_TTL: Duration = Duration::from_secs(366 * 24 * 3600);

/// Bytes of memory for kept answers: some ten thousand short ones.
pub const CACHE_BYTES: u64 = 64 << 20;

/// Bytes of the largest answer that is kept; a long stream is a few hundred kilobytes.
pub const CACHE_ENTRY_BYTES: usize = 1 << 20;
/// LiteLLM's `health_check_interval`.
pub const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(300);

/// Health checks at once. LiteLLM has no bound; a hundred plugins and upstreams need not be woken
/// together.
pub const HEALTH_CHECK_CONCURRENCY: u32 = 16;

/// How long an unused tie between a caller and a deployment is remembered; LiteLLM's.
pub const AFFINITY_TTL: Duration = Duration::from_secs(3600);

/// Bytes of a request's body. A PDF of 20 MB is 27 MB in base64.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;

/// Bytes of an answer that is read whole.
pub const MAX_REPLY_BYTES: usize = 64 << 20;

/// Bytes of an upload: OpenAI's limit of one file.
pub const MAX_FILE_BYTES: u64 = 512 << 20;

/// How often batches are looked at that nobody asks for: they take minutes to a day.
pub const BATCHES_EVERY: Duration = Duration::from_secs(300);

/// How long answers under way may take after a stop was asked for: less than the 30 seconds after
/// which Kubernetes kills.
pub const DRAIN_SECONDS: u64 = 25;

/// `hedge_most_percent`. Calls beyond the 95th percentile are the slow ones; asking twice more often than
/// that is load, not speed.
pub const HEDGE_MOST_PERCENT: u32 = 5;

/// LiteLLM's `alerting_threshold`: a call is slow that takes as long.
pub const ALERTING_THRESHOLD: Duration = Duration::from_secs(300);

/// LiteLLM's `alerting_args`: of the same budget is told once in this time.
pub const BUDGET_ALERT_TTL: Duration = Duration::from_secs(24 * 3600);

/// Failures within this time are one outage.
pub const OUTAGE_ALERT_TTL: Duration = Duration::from_secs(60);

/// So many failures are a minor outage...
pub const MINOR_OUTAGE: u32 = 5;

/// ... and so many a major one.
pub const MAJOR_OUTAGE: u32 = 10;

/// Master keys of tutorials, without their `sk-`. With one of these the gateway listens on loopback
/// only.
pub const WELL_KNOWN_KEYS: &[&str] = &[
    "admin",
    "changeme",
    "change-me",
    "key",
    "litellm",
    "litellm-key",
    "litellm-master-key",
    "master",
    "master-key",
    "my-key",
    "my-master-key",
    "my-secret-key",
    "password",
    "secret",
    "test",
    "test-key",
    "your-key",
    "your-master-key",
    "your-master-key-here",
    "xxx",
    "xxxx",
];

/// A plugin's new version is taken back within this time of its swap...
pub const ROLLBACK_WINDOW: Duration = Duration::from_secs(300);

/// ... after this many failures of its own...
pub const ROLLBACK_MIN_FAILURES: u32 = 5;

/// ... if they are this many times the old version's share.
pub const ROLLBACK_FACTOR: f64 = 10.0;

/// The plugin of an operator's provider row that names none.
pub const ROW_PLUGIN: &str = "openai_compatible";

/// Who the operator is at the admin UI; LiteLLM's.
pub const UI_USERNAME: &str = "admin";

/// How long a session of the admin UI lasts; LiteLLM's.
pub const UI_SESSION: Duration = Duration::from_secs(86_400);

/// How long it lasts without a request: a pause for lunch, not a night.
pub const UI_IDLE: Duration = Duration::from_secs(7_200);
