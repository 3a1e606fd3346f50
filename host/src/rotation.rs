//! Replaces keys with `auto_rotate` when their time has come.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use crate::budget::Period;
use crate::config::Env;
use crate::live::{Misread, wrong};
use crate::manage::Manage;
use crate::pipeline::accounting::now_ms;
use crate::telemetry::metrics::Metrics;

/// How often is looked for keys whose time has come, unless configured.
const EVERY: Duration = Duration::from_secs(60);
/// For how long the old text is taken, unless configured: a day to bring the new one to clients.
const GRACE: &str = "24h";

/// LiteLLM's variables.
const ENABLED: &str = "LITELLM_KEY_ROTATION_ENABLED";
const INTERVAL: &str = "LITELLM_KEY_ROTATION_CHECK_INTERVAL_SECONDS";
const PERIOD: &str = "LITELLM_KEY_ROTATION_GRACE_PERIOD";

/// How keys rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    every: Duration,
    grace: Period,
}

impl Rotation {
    /// Reads the environment. None: keys do not rotate.
    ///
    /// # Errors
    /// A variable that cannot be read.
    pub fn read(env: &Env) -> Result<Option<Self>, Misread> {
        let filled = |name: &str| env.text(name).filter(|it| !it.is_empty());
        let off = filled(ENABLED).is_some_and(|it| it.eq_ignore_ascii_case("false") || it == "0");
        if off {
            return Ok(None);
        }
        let every = match filled(INTERVAL) {
            None => EVERY,
            Some(text) => {
                let seconds: Option<u64> = text.parse().ok();
                let seconds = seconds.filter(|it| (1..=31_536_000).contains(it));
                let wanted = "is no number of seconds from 1 to 31536000";
                Duration::from_secs(seconds.ok_or_else(|| wrong(INTERVAL, wanted))?)
            }
        };
        let grace = filled(PERIOD).unwrap_or_else(|| GRACE.to_owned());
        let grace = grace.parse::<Period>();
        let grace = grace.map_err(|cause| wrong(PERIOD, &cause.to_string()))?;
        Ok(Some(Self { every, grace }))
    }

    /// Rotates until `stop`. A database that does not answer is asked again the next time.
    pub async fn keep(self, manage: Manage, metrics: Metrics, stop: CancellationToken) {
        loop {
            let now = now_ms();
            let grace = self.grace.expiry(now, &TimeZone::UTC).saturating_sub(now);
            match manage.rotate_due_keys(grace).await {
                Ok(count) => metrics.keys_rotated(count),
                Err(fault) => tracing::error!(%fault, "keys do not rotate for now"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litellms_variables_say_how_keys_rotate() {
        let read = |pairs: &[(&str, &str)]| Rotation::read(&Env::of(pairs));
        let usual = read(&[]).unwrap().unwrap();
        assert_eq!((usual.every, usual.grace), (EVERY, GRACE.parse().unwrap()));
        assert_eq!(read(&[(ENABLED, "False")]).unwrap(), None);
        let own = read(&[(INTERVAL, "5"), (PERIOD, "2d")]).unwrap().unwrap();
        assert_eq!(
            (own.every, own.grace),
            (Duration::from_secs(5), "2d".parse().unwrap())
        );
        assert_eq!(read(&[(INTERVAL, "0")]).unwrap_err().path, INTERVAL);
        assert_eq!(read(&[(PERIOD, "soon")]).unwrap_err().path, PERIOD);
    }
}
