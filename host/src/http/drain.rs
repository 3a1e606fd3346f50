//! `GET /health/drain`, for a hook before a stop (`preStop`): from then on the gateway is not ready,
//! so that nobody sends it more, and the answer comes when no call is under way any more. LiteLLM's
//! words and statuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use super::Doors;
use super::error::ApiError;
use crate::config::Drain;
use crate::domain::{ErrorKind, Fault};

const HEADER: &str = "x-drain-token";

/// How often the calls under way are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Whether the gateway is about to be stopped. Nothing takes it back: who asked for it stops the process.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Gives whether it was off.
    fn turn_on(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// `GET /health/drain`: waits until calls have ended, for as long as it may, and tells how many did.
pub async fn drain(
    State(doors): State<Doors>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let rules = doors.pipeline.fleet().config.general.drain.clone();
    admit(&rules, &headers)?;
    let under_way = || doors.metrics.calls_under_way();
    let before = under_way();
    if doors.draining.turn_on() {
        tracing::info!(
            calls = before,
            "the gateway drains: it is not ready any more"
        );
    }
    let end = Instant::now() + rules.longest;
    while under_way() > 0 && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
    }
    let left = under_way();
    if left > 0 {
        tracing::warn!(
            calls = left,
            "calls are under way after GRACEFUL_SHUTDOWN_TIMEOUT"
        );
    }
    let drained = before.saturating_sub(left).max(0);
    Ok(Json(
        json!({"status": "drained", "drained_requests": drained}),
    ))
}

fn admit(rules: &Drain, headers: &HeaderMap) -> Result<(), Fault> {
    if !rules.enabled {
        let message =
            "there is no such route unless `general_settings.enable_drain_endpoint` is true";
        return Err(Fault::caller(ErrorKind::NotFound, message).with_status(404));
    }
    let Some(token) = &rules.token else {
        return Ok(());
    };
    let digest = |text: &[u8]| Sha256::digest(text);
    let given = headers.get(HEADER).map(|it| digest(it.as_bytes()));
    let same = given.is_some_and(|it| bool::from(it.ct_eq(&digest(token.reveal().as_bytes()))));
    if same {
        return Ok(());
    }
    let message = "the header `X-Drain-Token` is missing or wrong";
    Err(Fault::caller(ErrorKind::Authentication, message).with_status(401))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::domain::Secret;

    fn status(rules: &Drain, token: Option<&'static str>) -> Option<u16> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(HEADER, HeaderValue::from_static(token));
        }
        admit(rules, &headers).err().and_then(|it| it.status)
    }

    #[test]
    fn it_is_closed_unless_enabled_and_then_asks_for_its_token() {
        let mut rules = Drain::default();
        assert_eq!(status(&rules, None), Some(404));
        rules.enabled = true;
        assert_eq!(status(&rules, None), None);
        rules.token = Some(Secret::new("of-the-hook"));
        for wrong in [None, Some(""), Some("of-the-hoo"), Some("of-the-hook2")] {
            assert_eq!(status(&rules, wrong), Some(401), "{wrong:?}");
        }
        assert_eq!(status(&rules, Some("of-the-hook")), None);
    }

    #[test]
    fn it_is_turned_on_once() {
        let draining = Draining::default();
        assert!(!draining.is_on());
        assert!(draining.turn_on() && !draining.turn_on() && draining.is_on());
    }
}
