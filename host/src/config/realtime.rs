//! How long sessions over sockets may last.

use std::time::Duration;

use super::remarks::Taken;
use super::section::Section;

/// OpenAI and Azure end a session after 60 minutes (November 2026), and say so before that.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);

/// A session in which nobody speaks still sends sound, unless it is one of text.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// More than a year is for ever.
const MOST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Limits of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realtime {
    /// `realtime_max_duration`: from its beginning to its end.
    pub longest: Duration,
    /// `realtime_idle_timeout`: without an event of either side.
    pub idle: Duration,
}

impl Default for Realtime {
    fn default() -> Self {
        Self {
            longest: LONGEST,
            idle: IDLE,
        }
    }
}

impl Realtime {
    /// Reads what `general_settings` says of them.
    pub fn read(section: &mut Section<'_>) -> Self {
        let longest = section.seconds("realtime_max_duration");
        let idle = section.seconds("realtime_idle_timeout");
        let longest = longest.unwrap_or(LONGEST).min(MOST);
        if idle.is_some_and(|it| it > longest) {
            let text = "is more than `realtime_max_duration`, so it has no effect";
            section.say(Taken::Warning, "realtime_idle_timeout", text);
        }
        Self {
            longest,
            idle: idle.unwrap_or(IDLE).min(longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Env};
    use super::*;

    fn read(text: &str) -> (Realtime, String) {
        let (config, remarks) = Config::parse(text, Env::default()).unwrap();
        let said: Vec<String> = remarks.iter().map(|it| it.text.clone()).collect();
        (config.general.realtime, said.join("\n"))
    }

    #[test]
    fn sessions_end_when_they_may_last_no_longer() {
        assert_eq!(read("general_settings: {}").0, Realtime::default());
        let (limits, said) =
            read("general_settings: {realtime_max_duration: 1800, realtime_idle_timeout: 0.5}");
        assert_eq!(
            (limits.longest.as_secs(), limits.idle.as_millis()),
            (1800, 500)
        );
        assert!(!said.contains("no effect"), "{said}");
        let (limits, _) = read("general_settings: {realtime_max_duration: 1.0e+300}");
        assert_eq!(limits.longest, LONGEST);
        let (limits, _) = read("general_settings: {realtime_max_duration: 1.0e+12}");
        assert_eq!(limits.longest, MOST);
    }

    #[test]
    fn an_idle_time_that_cannot_come_is_said() {
        let (limits, said) =
            read("general_settings: {realtime_max_duration: 60, realtime_idle_timeout: 90}");
        assert_eq!(limits.idle.as_secs(), 60);
        assert!(said.contains("so it has no effect"), "{said}");
        let (limits, said) = read("general_settings: {realtime_idle_timeout: 0}");
        assert_eq!(limits, Realtime::default());
        assert!(said.contains("more than 0"), "{said}");
    }
}
