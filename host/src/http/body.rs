//! Reading a request's body: capped, and not for ever.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use crate::domain::{ErrorKind, Fault};

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// A pause in the body.
    idle: Duration,
    /// The whole body: a client that sends a byte a minute holds no connection for ever.
    total: Duration,
    /// What is left of a refused body.
    discard: Duration,
}

const TIMES: Times = Times {
    idle: Duration::from_secs(60),
    total: Duration::from_secs(600),
    discard: Duration::from_secs(5),
};

/// How much of a refused body is read and thrown away. A connection that is closed over unread
/// bytes is reset, and most clients then never see the refusal.
const DISCARDED: u64 = 64 << 20;

/// Reads the body, at most `max_bytes` of it.
pub async fn read(body: Body, headers: &HeaderMap, max_bytes: usize) -> Result<Bytes, Fault> {
    read_within(body, headers, max_bytes, TIMES).await
}

/// Reads what a refused client is still sending, so that it gets to read the refusal.
pub async fn discard(body: Body, headers: &HeaderMap) {
    discard_within(body, headers, TIMES.discard).await;
}

async fn read_within(
    mut body: Body,
    headers: &HeaderMap,
    max_bytes: usize,
    times: Times,
) -> Result<Bytes, Fault> {
    refuse_encoded(headers)?;
    let declared = declared(headers);
    if declared.is_some_and(|length| length > max_bytes as u64) {
        discard_within(body, headers, times.discard).await;
        return Err(too_large(max_bytes));
    }
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let until = Instant::now() + times.total;
    loop {
        let soon = (Instant::now() + times.idle).min(until);
        let Some(data) = piece(&mut body, soon).await? else {
            break;
        };
        if first.as_ref().map_or(0, Bytes::len) + rest.len() + data.len() > max_bytes {
            drop((first, rest));
            discard_within(body, headers, times.discard).await;
            return Err(too_large(max_bytes));
        }
        // Most bodies come in one piece and are never copied.
        match (&first, rest.is_empty()) {
            (None, true) => first = Some(data),
            (Some(piece), true) => {
                let declared = declared.and_then(|it| usize::try_from(it).ok());
                rest.reserve(declared.unwrap_or(0).max(piece.len() + data.len()));
                rest.extend_from_slice(piece);
                rest.extend_from_slice(&data);
                first = None;
            }
            _ => rest.extend_from_slice(&data),
        }
    }
    Ok(first.unwrap_or_else(|| rest.freeze()))
}

/// The next bytes of a body; none at its end.
async fn piece(body: &mut Body, soon: Instant) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = tokio::time::timeout_at(soon, body.frame()).await;
        let frame = frame.map_err(|_| late())?;
        let Some(frame) = frame else {
            return Ok(None);
        };
        let frame = frame.map_err(|cause| {
            Fault::caller(ErrorKind::InvalidRequest, "the request's body was cut off")
                .with_param("request_body")
                .with_log(cause.to_string())
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

/// The next bytes of a body that is read on by somebody else; none at its end.
///
/// # Errors
/// It is cut off, or late.
pub(super) async fn next(body: &mut Body) -> Result<Option<Bytes>, Fault> {
    piece(body, Instant::now() + TIMES.idle).await
}

pub(super) fn late() -> Fault {
    let message = "the request's body did not arrive in time";
    Fault::caller(ErrorKind::Timeout, message).with_status(408)
}

/// A client that waits for a `100 Continue` sends nothing, and one that declares more than is thrown
/// away here is not waited for.
async fn discard_within(mut body: Body, headers: &HeaderMap, time: Duration) {
    if headers.contains_key(EXPECT) || declared(headers).is_some_and(|it| it > DISCARDED) {
        return;
    }
    let reading = async {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len) as u64;
            left = match left.checked_sub(read) {
                Some(left) => left,
                None => break,
            };
        }
    };
    // Past its time the refusal goes out all the same.
    let _ = tokio::time::timeout(time, reading).await;
}

pub(super) fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Bodies come as they are: a compressed one would be measured after it is unpacked.
pub(super) fn refuse_encoded(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else {
        return Ok(());
    };
    let encoding = String::from_utf8_lossy(encoding.as_bytes());
    if encoding.trim().is_empty() || encoding.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    let message = format!(
        "the request's body is encoded as `{encoding}`: send it as it is, without `content-encoding`"
    );
    Err(Fault::caller(ErrorKind::InvalidRequest, message)
        .with_status(415)
        .with_param("request_body"))
}

fn too_large(max_bytes: usize) -> Fault {
    let limit = if max_bytes < 1 << 20 {
        format!("{} KiB", max_bytes >> 10)
    } else {
        format!("{} MiB", max_bytes >> 20)
    };
    let message = format!(
        "the request's body is larger than {limit} (`general_settings.max_request_size_mb`)"
    );
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_status(413)
        .with_param("request_body")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};

    const SHORT: Times = Times {
        idle: Duration::from_millis(400),
        total: Duration::from_millis(800),
        discard: Duration::from_millis(200),
    };

    fn pieces(gap: Duration, count: usize) -> Body {
        let pieces = stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(gap).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"12345678"))
        });
        Body::from_stream(pieces)
    }

    async fn read_short(body: Body, max_bytes: usize) -> Result<Bytes, Fault> {
        read_within(body, &HeaderMap::new(), max_bytes, SHORT).await
    }

    #[tokio::test]
    async fn a_body_in_pieces_comes_whole() {
        let body = read_short(pieces(Duration::from_millis(1), 3), 24).await;
        assert_eq!(body.unwrap(), "12345678".repeat(3));
    }

    #[tokio::test]
    async fn a_body_that_stops_or_drips_is_given_up() {
        let stopped = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        for body in [stopped, pieces(SHORT.idle / 40, 100_000)] {
            let fault = read_short(body, 1 << 20).await.unwrap_err();
            assert_eq!(fault.status, Some(408));
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_read_on_within_a_time() {
        for count in [100, 100_000] {
            let fault = read_short(pieces(Duration::from_millis(1), count), 20).await;
            assert_eq!(fault.unwrap_err().status, Some(413));
        }
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused_by_its_name() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        let fault = read(Body::empty(), &headers, 20).await.unwrap_err();
        assert!(fault.status == Some(415) && fault.message.contains("`gzip`"));
    }
}
