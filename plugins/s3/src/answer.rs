//! What S3 answers: an XML document with a `Code`.

use sluice_records::{Reply, error_of};
use sluice_sdk::fault::kind;
use sluice_sdk::{Error, FetchResponse};

pub fn judge(answer: Result<FetchResponse, Error>) -> Reply {
    let Ok(answer) = answer else {
        return sluice_records::judge(answer);
    };
    let told = |kind: &str, code: &str| {
        let mut error = error_of(&answer, kind);
        error.message = format!("S3 answered {} {code}", answer.status);
        error
    };
    match code(&answer) {
        Some("EntityTooLarge") => Reply::TooLarge,
        Some(code @ ("SlowDown" | "ServiceUnavailable" | "InternalError" | "OperationAborted")) => {
            Reply::Later(told(kind::OVERLOADED, code))
        }
        Some(code @ ("RequestTimeout" | "RequestTimeTooSkewed")) => {
            Reply::Later(told(kind::TIMEOUT, code))
        }
        Some(code @ ("ExpiredToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch")) => {
            Reply::Later(told(kind::AUTHENTICATION, code))
        }
        // The bucket may be made, as the message tells somebody to.
        Some(code @ "NoSuchBucket") => {
            let mut error = told(kind::NOT_FOUND, code);
            error.retry = Some(true);
            Reply::Later(error)
        }
        Some(code @ ("PermanentRedirect" | "AuthorizationHeaderMalformed")) => {
            let mut error = told(kind::NOT_FOUND, code);
            error.message += ": the bucket is in another region than `s3_region_name`";
            Reply::Never(error)
        }
        _ => sluice_records::judge(Ok(answer)),
    }
}

fn code(answer: &FetchResponse) -> Option<&str> {
    let text = answer.text().filter(|_| answer.status >= 300)?;
    let (_, rest) = text.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code)
}
