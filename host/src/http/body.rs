//! Reading a request's body: capped, and not for ever.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use crate::domain::{ErrorKind, Fault};

/// How long a client may pause while it sends its body.
const IDLE: Duration = Duration::from_secs(60);

/// Reads the body, at most `max_bytes` of it.
pub async fn read(mut body: Body, declared: Option<u64>, max_bytes: usize) -> Result<Bytes, Fault> {
    if declared.is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large(max_bytes));
    }
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(IDLE, body.frame())
            .await
            .map_err(|_| {
                let message = "the request's body did not arrive in time";
                Fault::caller(ErrorKind::Timeout, message).with_status(408)
            })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|cause| {
            Fault::caller(ErrorKind::InvalidRequest, "the request's body was cut off")
                .with_log(cause.to_string())
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.as_ref().map_or(0, Bytes::len) + rest.len() + data.len() > max_bytes {
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

fn too_large(max_bytes: usize) -> Fault {
    let message = format!(
        "the request's body is larger than {} MiB (`general_settings.max_request_size_mb`)",
        max_bytes >> 20
    );
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_status(413)
        .with_param("request_body")
}
