//! AWS's errors, by header and body.

use sluice_sdk::Payload;

use super::*;

#[test]
fn names_of_errors_are_read_from_header_and_body() {
    let read = |status: u16, header: Option<&str>, body: Value| {
        let mut headers: Vec<(String, String)> = vec![("Retry-After".into(), "2".into())];
        headers.extend(header.map(|it| ("X-Amzn-ErrorType".to_owned(), it.to_owned())));
        let body = Payload::Text(body.to_string());
        errors::of_reply(&Reply {
            status,
            headers,
            body,
            state: String::new(),
        })
        .unwrap()
    };
    let throttled = read(
        429,
        Some("ThrottlingException:http://x/"),
        json!({"message": "slow"}),
    );
    assert_eq!(
        (&*throttled.kind, throttled.retry_after_ms),
        (fault::kind::RATE_LIMIT, Some(2000))
    );
    for (status, header, message, kind) in [
        (
            403,
            Some("AccessDeniedException"),
            "no",
            fault::kind::PERMISSION,
        ),
        (
            403,
            Some("ExpiredTokenException"),
            "old",
            fault::kind::AUTHENTICATION,
        ),
        (
            403,
            None,
            "The security token included in the request is invalid.",
            fault::kind::AUTHENTICATION,
        ),
        (
            404,
            Some("ResourceNotFoundException"),
            "gone",
            fault::kind::NOT_FOUND,
        ),
        (
            408,
            Some("ModelTimeoutException"),
            "late",
            fault::kind::TIMEOUT,
        ),
        (
            424,
            Some("ModelErrorException"),
            "oops",
            fault::kind::UPSTREAM,
        ),
        (
            429,
            Some("ModelNotReadyException"),
            "wait",
            fault::kind::OVERLOADED,
        ),
        (
            400,
            Some("ServiceQuotaExceededException"),
            "full",
            fault::kind::QUOTA,
        ),
        (
            500,
            Some("InternalServerException"),
            "oops",
            fault::kind::UPSTREAM,
        ),
        (
            503,
            Some("ServiceUnavailableException"),
            "later",
            fault::kind::OVERLOADED,
        ),
        (
            400,
            Some("ValidationException"),
            "Input is too long for requested model.",
            fault::kind::CONTEXT_WINDOW,
        ),
        (
            400,
            Some("ValidationException"),
            "This request has been blocked by our content filters.",
            fault::kind::CONTENT_POLICY,
        ),
        (
            400,
            None,
            "Malformed input request",
            fault::kind::INVALID_REQUEST,
        ),
    ] {
        let error = read(status, header, json!({"message": message}));
        assert_eq!(
            (&*error.kind, error.status),
            (kind, Some(status)),
            "{message}"
        );
    }
    let coral =
        json!({"__type": "com.amazon.coral.service#UnrecognizedClientException", "Message": "who"});
    assert_eq!(read(403, None, coral).kind, fault::kind::AUTHENTICATION);
}
