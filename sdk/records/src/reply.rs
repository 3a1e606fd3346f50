//! What a service's answer means for what was sent.

use sluice_sdk::fault::{self, kind};
use sluice_sdk::{Error, FetchResponse};

/// Answers are told no longer than this, in bytes: some repeat what they were sent.
const LONGEST_TOLD: usize = 200;

/// What came of a part of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The service has all of it.
    Taken,
    /// The service has it but for these records, by their places in the batch.
    Partly(Vec<(usize, Fate)>),
    /// It is too large: the halves may not be.
    TooLarge,
    /// Something in it is not what the service takes: the halves may be.
    Refused(Error),
    /// Not now, whatever is sent. What has not been taken goes back with this error, by whose kind
    /// the host tries again.
    Later(Error),
    /// Never, whatever is sent: there is no such place.
    Never(Error),
}

/// What came of one record where others were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It may be taken another time.
    Later(String),
    /// It will never be.
    Refused(String),
}

/// By the status of an answer, as HTTP has it; or by the kind of the failure to get one.
pub fn judge(answer: Result<FetchResponse, Error>) -> Reply {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let is_final = [kind::INVALID_REQUEST, kind::UNSUPPORTED, kind::NOT_FOUND];
            return match is_final.contains(&error.kind.as_str()) {
                true => Reply::Never(error),
                false => Reply::Later(error),
            };
        }
    };
    match answer.status {
        200..=299 => Reply::Taken,
        413 => Reply::TooLarge,
        401 | 407 => Reply::Later(error_of(&answer, kind::AUTHENTICATION)),
        402 => Reply::Later(error_of(&answer, kind::QUOTA)),
        403 => Reply::Later(error_of(&answer, kind::PERMISSION)),
        408 | 504 => Reply::Later(error_of(&answer, kind::TIMEOUT)),
        425 | 502 | 503 | 529 => Reply::Later(error_of(&answer, kind::OVERLOADED)),
        429 => Reply::Later(error_of(&answer, kind::RATE_LIMIT)),
        500.. => Reply::Later(error_of(&answer, kind::UPSTREAM)),
        ..=399 | 404 | 405 | 410 | 421 => Reply::Never(error_of(&answer, kind::NOT_FOUND)),
        _ => Reply::Refused(error_of(&answer, kind::INVALID_REQUEST)),
    }
}

/// An error that tells the beginning of the answer.
pub fn error_of(answer: &FetchResponse, kind: &str) -> Error {
    let told = told(answer.text().unwrap_or_default());
    let mut error = fault::error(
        kind,
        format!("the service answered {}{told}", answer.status),
    );
    error.status = Some(answer.status);
    error.retry_after_ms = retry_after(answer);
    error
}

/// `: ` and the first line, cut; nothing of nothing.
fn told(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut end = line.len().min(LONGEST_TOLD);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    match line.get(..end) {
        None | Some("") => String::new(),
        Some(line) => format!(": {line}"),
    }
}

/// `retry-after` in seconds, which may have a fraction; a date is left to the host's own waits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn retry_after(answer: &FetchResponse) -> Option<u64> {
    let seconds: f64 = answer.header("retry-after")?.trim().parse().ok()?;
    (0.0..1e6)
        .contains(&seconds)
        .then(|| (seconds * 1000.0).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_halves_or_another_time_may_help() {
        let of = |status| match judge(Ok(FetchResponse::text_of(status, ""))) {
            Reply::Taken => "taken".to_owned(),
            Reply::Partly(_) => "partly".to_owned(),
            Reply::TooLarge => "halves".to_owned(),
            Reply::Refused(error) => format!("refused {}", error.kind),
            Reply::Later(error) => format!("later {}", error.kind),
            Reply::Never(error) => format!("never {}", error.kind),
        };
        for (status, wanted) in [
            (200, "taken"),
            (202, "taken"),
            (413, "halves"),
            (400, "refused invalid-request"),
            (422, "refused invalid-request"),
            (401, "later authentication"),
            (403, "later permission"),
            (408, "later timeout"),
            (429, "later rate-limit"),
            (500, "later upstream"),
            (503, "later overloaded"),
            (302, "never not-found"),
            (404, "never not-found"),
        ] {
            assert_eq!(of(status), wanted, "{status}");
        }
    }

    #[test]
    fn a_wait_is_kept_and_a_long_answer_is_told_in_short() {
        let mut answer = FetchResponse::text_of(429, format!("slow {}\nmore", "ä".repeat(500)));
        answer.headers.push(("Retry-After".into(), "1.5".into()));
        let Reply::Later(error) = judge(Ok(answer)) else {
            panic!("it is worth another try")
        };
        assert_eq!(error.retry_after_ms, Some(1500));
        assert!(
            error
                .message
                .starts_with("the service answered 429: slow ä")
        );
        assert!(error.message.len() < 250 && !error.message.contains("more"));
    }

    #[test]
    fn who_cannot_be_reached_may_be_another_time_and_who_may_not_be_never_is() {
        let of = |kind| judge(Err(fault::error(kind, "no")));
        assert!(matches!(of(kind::TIMEOUT), Reply::Later(_)));
        assert!(matches!(of(kind::UPSTREAM), Reply::Later(_)));
        assert!(matches!(of(kind::UNSUPPORTED), Reply::Never(_)));
    }
}
