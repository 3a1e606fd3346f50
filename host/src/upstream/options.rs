//! Options of an outbound request. One that is not known here is refused by its name.

use std::time::Duration;

use serde_json::Value;
use sluice_credentials::Capture;
use sluice_engine::contract::ReplyMode;
use sluice_framing::Framing;

use crate::domain::Fault;

/// The options, read.
#[derive(Debug, Default, Clone)]
pub struct Options {
    pub delay: Option<Duration>,
    pub timeout: Option<Duration>,
    /// Answers of 400 and above go to the plugin too.
    pub accept_errors: bool,
    /// None: by content type.
    pub framing: Option<Framing>,
    /// May be sent again in place.
    pub idempotent: bool,
    /// The answer has a token that the plugin does not see.
    pub capture: Option<Box<Capture>>,
    /// Longest silence, before the answer and between its pieces, if shorter than the target's. Not
    /// the plugin's to say.
    pub idle: Option<Duration>,
}

/// Longest time a plugin may ask to wait before sending.
const MAX_DELAY: Duration = Duration::from_secs(60);

impl Options {
    pub fn read(settings: &[(String, String)]) -> Result<Self, Fault> {
        let mut options = Self::default();
        for (name, raw) in settings {
            let value: Value = serde_json::from_str(raw).map_err(|cause| {
                Fault::plugin(format!("the plugin's option `{name}` is not JSON"))
                    .with_log(cause.to_string())
            })?;
            let wrong = || Fault::plugin(format!("the plugin's option `{name}` has a wrong value"));
            let millis = || value.as_u64().map(Duration::from_millis).ok_or_else(wrong);
            match name.as_str() {
                "delay_ms" => options.delay = Some(millis()?.min(MAX_DELAY)),
                "timeout_ms" => options.timeout = Some(millis()?),
                "accept_errors" => options.accept_errors = value.as_bool().ok_or_else(wrong)?,
                "idempotent" => options.idempotent = value.as_bool().ok_or_else(wrong)?,
                "capture" => {
                    let read = Capture::read(&value).map_err(|cause| Fault::plugin(cause.message));
                    options.capture = Some(Box::new(read?));
                }
                "framing" => {
                    options.framing =
                        framing(value.as_str().ok_or_else(wrong)?).ok_or_else(wrong)?
                }
                _ => {
                    let message =
                        format!("this gateway does not know the plugin's option `{name}`");
                    return Err(Fault::plugin(message));
                }
            }
        }
        if options.capture.is_some() && options.accept_errors {
            let message = "the plugin's options `capture` and `accept_errors` exclude each other";
            return Err(Fault::plugin(message));
        }
        Ok(options)
    }

    /// The same, for an answer that is read in this way.
    pub fn read_for(settings: &[(String, String)], mode: ReplyMode) -> Result<Self, Fault> {
        let options = Self::read(settings)?;
        if options.capture.is_some() && mode != ReplyMode::Whole {
            let message = "the plugin's option `capture` needs an answer that is read whole";
            return Err(Fault::plugin(message));
        }
        Ok(options)
    }
}

fn framing(name: &str) -> Option<Option<Framing>> {
    Some(match name {
        "auto" => None,
        "sse" => Some(Framing::Sse),
        "lines" => Some(Framing::Lines),
        "json-array" => Some(Framing::JsonArray),
        "aws" => Some(Framing::Aws),
        "raw" => Some(Framing::Raw),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_refused_by_its_name() {
        let fault = Options::read(&[("teleport".into(), "true".into())]).unwrap_err();
        assert!(fault.message.contains("`teleport`") && fault.plugin_at_fault);
        let options = Options::read(&[("framing".into(), "\"sse\"".into())]).unwrap();
        assert_eq!(options.framing, Some(Framing::Sse));
    }

    #[test]
    fn a_capture_that_cannot_be_is_refused_with_the_reason() {
        let capture = r#"{"secret":"t","pointer":"/t"}"#;
        let refused = |options: &[(&str, &str)], mode| {
            let options = options
                .iter()
                .map(|(name, raw)| ((*name).to_owned(), (*raw).to_owned()));
            let options: Vec<_> = options.collect();
            Options::read_for(&options, mode).unwrap_err().message
        };
        let whole = ReplyMode::Whole;
        assert!(refused(&[("capture", "{}")], whole).contains("`secret`"));
        let both = [("capture", capture), ("accept_errors", "true")];
        assert!(refused(&both, whole).contains("`accept_errors`"));
        assert!(refused(&[("capture", capture)], ReplyMode::Frames).contains("whole"));
    }
}
