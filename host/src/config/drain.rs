//! `GET /health/drain`: whether a deployment's hook before a stop is answered, and how.

use std::time::Duration;

use super::defaults;
use super::env::Env;
use super::remarks::Taken;
use super::section::Section;
use crate::domain::Secret;

/// More than a day is no wait for a stop.
const MOST: f64 = 86_400.0;

/// What `general_settings` and the environment say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// `enable_drain_endpoint`
    pub enabled: bool,
    /// `drain_endpoint_token`, or DRAIN_ENDPOINT_TOKEN: what `X-Drain-Token` must say. None: whoever
    /// reaches the gateway may.
    pub token: Option<Secret>,
    /// GRACEFUL_SHUTDOWN_TIMEOUT: how long calls under way are waited for.
    pub longest: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            enabled: false,
            token: None,
            longest: defaults::GRACEFUL_SHUTDOWN,
        }
    }
}

impl Drain {
    pub(super) fn read(section: &mut Section<'_>, env: &Env) -> Self {
        const TOKEN: &str = "drain_endpoint_token";
        let enabled = section.flag("enable_drain_endpoint").unwrap_or(false);
        let named = section.peek(TOKEN).is_some();
        let filled = |it: &Secret| !it.reveal().trim().is_empty();
        let written = section.secret(TOKEN).filter(filled);
        // A token that was meant and is not there would leave the route to everybody.
        if named && written.is_none() && enabled {
            let text = "has no value, so the route stays closed";
            section.say(Taken::Warning, TOKEN, text);
        }
        let of_env = || env.get("DRAIN_ENDPOINT_TOKEN").filter(filled);
        let token = written.or_else(of_env);
        let seconds = env.text("GRACEFUL_SHUTDOWN_TIMEOUT");
        let seconds = seconds.and_then(|it| it.trim().parse::<f64>().ok());
        let seconds = seconds.filter(|it| (0.0..=MOST).contains(it));
        Self {
            enabled: enabled && (token.is_some() || !named),
            token,
            longest: seconds.map_or(defaults::GRACEFUL_SHUTDOWN, Duration::from_secs_f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read(text: &str, env: &[(&str, &str)]) -> (Drain, String) {
        let (config, remarks) = Config::parse(text, Env::of(env)).unwrap();
        let said: Vec<String> = remarks.iter().map(|it| it.text.clone()).collect();
        (config.general.drain.clone(), said.join("\n"))
    }

    #[test]
    fn it_is_off_unless_the_operator_says_otherwise() {
        assert_eq!(read("general_settings: {}", &[]).0, Drain::default());
        let (drain, _) = read("general_settings: {enable_drain_endpoint: true}", &[]);
        assert!(drain.enabled && drain.token.is_none());
        assert_eq!(drain.longest, Duration::from_secs(30));
    }

    #[test]
    fn the_token_is_written_or_the_environments() {
        let env = [
            ("DRAIN_ENDPOINT_TOKEN", "of-the-environment"),
            ("GRACEFUL_SHUTDOWN_TIMEOUT", "2.5"),
        ];
        let (drain, _) = read("general_settings: {enable_drain_endpoint: true}", &env);
        assert_eq!(drain.token, Some(Secret::new("of-the-environment")));
        assert_eq!(drain.longest, Duration::from_millis(2_500));
        let text = "general_settings: {enable_drain_endpoint: true, drain_endpoint_token: written}";
        assert_eq!(read(text, &env).0.token, Some(Secret::new("written")));
    }

    #[test]
    fn a_token_without_a_value_keeps_the_route_closed() {
        let text = "general_settings: {enable_drain_endpoint: true, drain_endpoint_token: ''}";
        let (drain, said) = read(text, &[]);
        assert!(!drain.enabled, "{drain:?}");
        assert!(said.contains("stays closed"), "{said}");
    }
}
