//! Why a call was not admitted.

use super::Scope;
use crate::domain::moment;

/// Which limit of a scope was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitType {
    Requests,
    Tokens,
    TokensPerDay,
    MaxParallelRequests,
}

impl LimitType {
    pub const ALL: [Self; 4] = [
        Self::Requests,
        Self::Tokens,
        Self::TokensPerDay,
        Self::MaxParallelRequests,
    ];

    /// As LiteLLM's header `rate_limit_type` and its messages say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::TokensPerDay => "tokens_per_day",
            Self::MaxParallelRequests => "max_parallel_requests",
        }
    }
}

/// The limit that was in the way. Nothing was counted anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Rate limit exceeded for {scope}. Limit type: {}. Current limit: {limit}, \
     Remaining: {remaining}. Limit resets at: {}",
    .limit_type.as_str(), moment(*.resets_at_ms)
)]
pub struct Refusal {
    pub scope: Scope,
    pub limit_type: LimitType,
    pub limit: u64,
    /// Less than the call needs.
    pub remaining: u64,
    /// When the limit's window ends, in milliseconds since 1970. Of `max_parallel_requests`, which
    /// has no window: a second from now.
    pub resets_at_ms: i64,
    /// The `retry-after` header: whole seconds until then, at least 1.
    pub retry_after_s: u64,
}

impl Refusal {
    pub(super) fn new(
        scope: Scope,
        limit_type: LimitType,
        (limit, remaining): (u64, u64),
        resets_at_ms: i64,
        now_ms: i64,
    ) -> Self {
        let left = u64::try_from(resets_at_ms.saturating_sub(now_ms)).unwrap_or(0);
        Self {
            scope,
            limit_type,
            limit,
            remaining,
            resets_at_ms,
            retry_after_s: left.div_ceil(1000).max(1),
        }
    }
}
