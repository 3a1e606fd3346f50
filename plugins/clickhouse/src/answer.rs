//! What the server answers. Older ones answer 500 to whatever is wrong, so that the number of the
//! exception says more than the status: `src/Common/ErrorCodes.cpp` of `ClickHouse/ClickHouse`.

use sluice_records::Reply;
use sluice_sdk::fault::{self, kind};
use sluice_sdk::{Error, FetchResponse};

const UNKNOWN_TABLE: u32 = 60;
const UNKNOWN_DATABASE: u32 = 81;
const UNKNOWN_USER: u32 = 192;
const WRONG_PASSWORD: u32 = 193;
const REQUIRED_PASSWORD: u32 = 194;
const ACCESS_DENIED: u32 = 497;
const AUTHENTICATION_FAILED: u32 = 516;
/// A row cannot be read: it is malformed, or a value does not fit its column.
const OF_ROWS: [u32; 12] = [6, 26, 27, 33, 36, 38, 41, 53, 69, 70, 72, 117];

pub fn judge(answer: Result<FetchResponse, Error>) -> Reply {
    let Ok(answer) = &answer else {
        return sluice_records::judge(answer);
    };
    let Some(code) = code(answer) else {
        return sluice_records::judge(Ok(answer.clone()));
    };
    // The text of the exception repeats the row, and is not told.
    let error = |kind: &str| {
        let text = format!(
            "the server answered {} with its exception {code}",
            answer.status
        );
        let mut error = fault::error(kind, text);
        error.status = Some(answer.status);
        error
    };
    match code {
        UNKNOWN_USER | WRONG_PASSWORD | REQUIRED_PASSWORD | AUTHENTICATION_FAILED => {
            Reply::Later(error(kind::AUTHENTICATION))
        }
        ACCESS_DENIED => Reply::Later(error(kind::PERMISSION)),
        // Somebody is about to make it, as the message tells them to.
        UNKNOWN_TABLE | UNKNOWN_DATABASE => {
            let mut error = error(kind::NOT_FOUND);
            error.message += ": there is no such table";
            error.retry = Some(true);
            Reply::Later(error)
        }
        of_rows if OF_ROWS.contains(&of_rows) => Reply::Refused(error(kind::INVALID_REQUEST)),
        _ if answer.status == 400 => Reply::Refused(error(kind::INVALID_REQUEST)),
        _ => Reply::Later(error(kind::UPSTREAM)),
    }
}

/// The exception's number, from its header or from `Code: 60. DB::Exception: ...`.
fn code(answer: &FetchResponse) -> Option<u32> {
    if let Some(code) = answer.header("x-clickhouse-exception-code") {
        return code.trim().parse().ok();
    }
    let text = answer.text()?;
    let (_, rest) = text.split_once("Code: ").filter(|_| answer.status >= 400)?;
    let digits = rest.split(|it: char| !it.is_ascii_digit()).next()?;
    digits.parse().ok()
}
