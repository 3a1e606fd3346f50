//! The time of day, which tests set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use crate::error::Error;

/// What time it is.
pub trait Clock: Send + Sync {
    fn now(&self) -> SystemTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Later by so much; a sum that no clock shows is the time itself.
pub(crate) fn after(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}

pub(crate) fn epoch_seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}

/// A moment as AWS and Google write it: RFC 3339.
pub(crate) fn moment(text: &str, whom: &str) -> Result<SystemTime, Error> {
    let read: Result<Timestamp, _> = text.trim().parse();
    let since = read.ok().and_then(|it| u64::try_from(it.as_second()).ok());
    since
        .and_then(|it| UNIX_EPOCH.checked_add(Duration::from_secs(it)))
        .ok_or_else(|| Error::malformed(format!("{whom} names an expiry that is no time of day")))
}
