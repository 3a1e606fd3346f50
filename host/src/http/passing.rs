//! The body of a request that is passed on: what may name a model is read, as calls are; what need not be
//! read goes over disk, as uploads do.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::{body, spool};
use crate::domain::Fault;
use crate::pipeline::{FileContent, Spools};

/// Space before a body that is looked through.
const MOST_SPACE: usize = 4096;

/// Segments of paths below which files are uploaded.
const UPLOADS: [&str; 4] = ["file", "files", "upload", "uploads"];

/// Takes a body. `tail`: what stands below the route. `caps`: of one that is read, of one that is not.
///
/// # Errors
/// It is cut off, too large, late or encoded, or the disk does not take it.
pub async fn body(
    mut incoming: Body,
    (headers, tail): (&HeaderMap, &str),
    (most_read, most_spooled): (usize, u64),
    spools: &Spools,
) -> Result<FileContent, Fault> {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let lines = kind.contains("ndjson") || kind.contains("jsonl");
    let is_json = kind.contains("json") && !lines;
    let uploads = tail.split('/').any(|it| UPLOADS.contains(&it));
    let refused = body::refuse_encoded(headers).is_err()
        || body::declared(headers).is_some_and(|length| length > most_spooled);
    if refused || (uploads && !kind.is_empty() && !is_json) {
        return spool::unread((Bytes::new(), incoming), headers, most_spooled, spools).await;
    }
    let mut first = Bytes::new();
    // Whoever says JSON is taken at the word; whoever does not may send it all the same.
    if !is_json {
        first = match begin(&mut incoming).await? {
            Some(first) => first,
            None => return Ok(FileContent::Held(Bytes::new())),
        };
        if first.trim_ascii_start().first() != Some(&b'{') {
            return spool::unread((first, incoming), headers, most_spooled, spools).await;
        }
    }
    let incoming = match first.is_empty() {
        true => incoming,
        false => {
            let first = stream::once(std::future::ready(Ok::<_, axum::Error>(first)));
            Body::from_stream(first.chain(incoming.into_data_stream()))
        }
    };
    let read = body::read(incoming, headers, most_read).await;
    read.map(FileContent::Held)
}

/// The first bytes that are more than space. None: there is nothing.
async fn begin(incoming: &mut Body) -> Result<Option<Bytes>, Fault> {
    let mut begun = BytesMut::new();
    while let Some(data) = body::next(incoming).await? {
        if begun.is_empty() && !data.trim_ascii_start().is_empty() {
            return Ok(Some(data));
        }
        begun.extend_from_slice(&data);
        if !begun.trim_ascii_start().is_empty() || begun.len() > MOST_SPACE {
            return Ok(Some(begun.freeze()));
        }
    }
    Ok(Some(begun.freeze()).filter(|it| !it.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ErrorKind;

    async fn taken(kind: &str, tail: &str, body: Body) -> Result<FileContent, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        super::body(body, (&headers, tail), (1 << 20, 4 << 20), &spools).await
    }

    fn long(begin: &str) -> Body {
        let rest = vec![b'x'; 2 << 20];
        let pieces = [Bytes::copy_from_slice(begin.as_bytes()), rest.into()];
        Body::from_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)))
    }

    #[tokio::test]
    async fn what_may_name_a_model_is_read_under_its_cap_and_the_rest_goes_over_disk() {
        for (kind, tail, begin, is_read) in [
            ("application/json", "/v1/chat", "{", true),
            ("application/json", "/v1/files", "{", true),
            ("application/vnd.x+json", "/v1/chat", "[", true),
            // It says something else, and looks like it.
            ("text/plain", "/v1/chat", " \n {", true),
            ("", "/v1/chat", "{", true),
            ("", "/v1/files", "{", true),
            (
                "multipart/form-data; boundary=x",
                "/v1/audio/transcriptions",
                "--x",
                false,
            ),
            ("application/octet-stream", "/v1/images", "\u{1}PNG", false),
            (
                "application/octet-stream",
                "/upload/v1beta/files",
                "{",
                false,
            ),
            ("application/jsonl", "/v1/files", "{", false),
        ] {
            let taken = taken(kind, tail, long(begin)).await;
            match is_read {
                true => assert_eq!(taken.unwrap_err().status, Some(413), "{kind} {tail}"),
                false => {
                    let length = (2 << 20) + begin.len() as u64;
                    assert_eq!(taken.unwrap().length(), length, "{kind} {tail}");
                }
            }
        }
    }

    #[tokio::test]
    async fn bodies_come_as_they_were_and_one_that_breaks_off_is_none() {
        for text in ["", "  ", "{\"a\": 1}", " \n{}", "--x\r\n"] {
            let pieces = text.as_bytes().chunks(1).map(Bytes::copy_from_slice);
            let pieces = pieces.map(Ok::<_, std::io::Error>).collect::<Vec<_>>();
            let body = Body::from_stream(stream::iter(pieces));
            let FileContent::Held(held) = taken("text/plain", "/x", body).await.unwrap() else {
                panic!("{text:?} lies on disk");
            };
            assert_eq!(held, text);
        }
        for begin in ["", "{", "--x"] {
            let pieces = [
                Ok(Bytes::copy_from_slice(begin.as_bytes())),
                Err(std::io::Error::other("gone")),
            ];
            let body = Body::from_stream(stream::iter(pieces));
            let fault = taken("text/plain", "/files", body).await.unwrap_err();
            assert_eq!(fault.kind, ErrorKind::InvalidRequest, "{begin}");
        }
    }
}
