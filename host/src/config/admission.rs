//! How many calls are served at once, and how many may wait how long for their turn.

use std::time::Duration;

use super::remarks::Taken;
use super::section::Section;

/// LiteLLM's limits of one worker, which is one process here.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// `max_in_flight_requests_per_worker`; None: no limit.
    pub at_once: Option<usize>,
    /// `max_queued_requests_per_worker`; without it as many as are served at once.
    pub waiting: usize,
    /// `admission_queue_timeout_seconds`.
    pub longest_wait: Duration,
}

/// How long a call waits for its turn at most.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Default for Admission {
    fn default() -> Self {
        Self {
            at_once: None,
            waiting: 0,
            longest_wait: LONGEST_WAIT,
        }
    }
}

impl Admission {
    /// Reads what `general_settings` says of it.
    pub fn read(section: &mut Section<'_>) -> Self {
        let count = |section: &mut Section<'_>, name| Some(section.count(name)? as usize);
        let at_once = count(section, "max_in_flight_requests_per_worker");
        if at_once == Some(0) {
            let text = "is 0: nobody would be served, so it is read as no limit";
            section.say(Taken::Warning, "max_in_flight_requests_per_worker", text);
        }
        let at_once = at_once.filter(|it| *it > 0);
        let name = "max_queued_requests_per_worker";
        let waiting = count(section, name);
        if waiting.is_some() && at_once.is_none() {
            let text = "has no effect without `max_in_flight_requests_per_worker`";
            section.say(Taken::Warning, name, text);
        }
        let longest_wait = section.seconds("admission_queue_timeout_seconds");
        Self {
            at_once,
            waiting: waiting.or(at_once).unwrap_or_default(),
            longest_wait: longest_wait.unwrap_or(LONGEST_WAIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Env};

    #[test]
    fn the_limits_are_read_and_what_cannot_work_is_said() {
        let read = |text: &str| {
            let (config, remarks) = Config::parse(text, Env::default()).unwrap();
            let said: Vec<String> = remarks.iter().map(|it| it.text.clone()).collect();
            (config.general.admission.clone(), said.join("\n"))
        };
        let (limits, _) = read(
            "general_settings: {max_in_flight_requests_per_worker: 8, admission_queue_timeout_seconds: 0.5}",
        );
        assert_eq!((limits.at_once, limits.waiting), (Some(8), 8));
        assert_eq!(limits.longest_wait.as_millis(), 500);
        let (limits, said) = read("general_settings: {max_in_flight_requests_per_worker: 0}");
        assert_eq!(limits.at_once, None);
        assert!(said.contains("nobody would be served"), "{said}");
        let (_, said) = read("general_settings: {max_queued_requests_per_worker: 5}");
        assert!(said.contains("no effect without"), "{said}");
    }
}
