//! Forms with a file too large for memory: it goes to disk as it comes.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::body;
use super::form::{add, boundary, broken, refused};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::{FileContent, Spools, Upload, Uploads};

/// Parts of one form, at most; one of them is the file.
const MOST_PARTS: usize = 20;
/// Bytes of everything that is not the file.
const MOST_BESIDE: u64 = 64 << 10;
/// Bytes of one field that is no file.
const MOST_TEXT: u64 = 16 << 10;
/// Bytes of a body that are not worth a file.
const SHORT: usize = 64 << 10;
/// A pause in the body.
const IDLE: Duration = Duration::from_secs(60);
/// The whole body: a gibibyte on a slow line takes its time.
const TOTAL: Duration = Duration::from_secs(3600);

/// Reads a form with one file of at most `most` bytes: its fields as a JSON object, and the file.
/// What was written of a form that is refused is gone with it.
///
/// # Errors
/// It is no form, cut off, too large or late, or the disk does not take it.
pub async fn read(
    mut body: Body,
    headers: &HeaderMap,
    most: u64,
    spools: &Spools,
) -> Result<(Bytes, Uploads), Fault> {
    let form = parts(&mut body, headers, most, spools).await;
    if form.is_err() {
        body::discard(body, headers).await;
    }
    form
}

/// Reads a body of at most `most` bytes that nobody here understands. `first`: what was read of it
/// already. A short one stays in memory.
///
/// # Errors
/// It is cut off, too large, late or encoded, or the disk does not take it.
pub async fn unread(
    (first, mut body): (Bytes, Body),
    headers: &HeaderMap,
    most: u64,
    spools: &Spools,
) -> Result<FileContent, Fault> {
    let read = bytes((first, &mut body), headers, most, spools).await;
    if read.is_err() {
        body::discard(body, headers).await;
    }
    read
}

async fn bytes(
    (first, body): (Bytes, &mut Body),
    headers: &HeaderMap,
    most: u64,
    spools: &Spools,
) -> Result<FileContent, Fault> {
    body::refuse_encoded(headers)?;
    if body::declared(headers).is_some_and(|length| length > most) {
        return Err(body_too_large(most));
    }
    let (mut held, mut file, mut length) = (BytesMut::new(), None, 0_u64);
    let mut next = Some(first);
    let until = Instant::now() + TOTAL;
    while let Some(piece) = next {
        length += piece.len() as u64;
        if length > most {
            return Err(body_too_large(most));
        }
        if Instant::now() > until {
            return Err(body::late());
        }
        if file.is_none() && held.len() + piece.len() > SHORT {
            let mut begun = spools.begin().await.map_err(full)?;
            begun.write(&held).await.map_err(full)?;
            file = Some(begun);
        }
        match &mut file {
            Some(file) => file.write(&piece).await.map_err(full)?,
            None => held.extend_from_slice(&piece),
        }
        next = body::next(body).await?;
    }
    match file {
        Some(file) => Ok(FileContent::Spooled(file.finish().await.map_err(full)?)),
        None => Ok(FileContent::Held(held.freeze())),
    }
}

async fn parts(
    body: &mut Body,
    headers: &HeaderMap,
    most: u64,
    spools: &Spools,
) -> Result<(Bytes, Uploads), Fault> {
    body::refuse_encoded(headers)?;
    let boundary = boundary(headers)?;
    let all = most.saturating_add(MOST_BESIDE);
    if body::declared(headers).is_some_and(|length| length > all) {
        return Err(too_large(most));
    }
    // What is no file is read into memory.
    let sizes = SizeLimit::new().per_field(MOST_TEXT);
    let sizes = sizes.for_field("file", u64::MAX).whole_stream(all);
    let sizes = Constraints::new().size_limit(sizes);
    let mut form = Multipart::with_constraints(frames(body), boundary, sizes);
    let unreadable = |cause| unreadable(cause, most);
    let (mut fields, mut files, mut count) = (Map::new(), Vec::new(), 0);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        count += 1;
        if count > MOST_PARTS {
            return Err(refused(format!(
                "the form has more than {MOST_PARTS} parts"
            )));
        }
        let name = field.name().unwrap_or_default().to_owned();
        match (name.is_empty(), field.file_name().is_some()) {
            (true, _) => return Err(refused("a part of the form has no name")),
            (_, true) if !files.is_empty() => {
                return Err(refused("the form has more than one file"));
            }
            (_, true) => files.push(spool(name, field, most, spools).await?),
            (_, false) => add(&mut fields, &name, field).await?,
        }
    }
    let fields = Bytes::from(Value::Object(fields).to_string());
    Ok((fields, Uploads::new(files)))
}

async fn spool(
    name: String,
    mut field: Field<'_>,
    most: u64,
    spools: &Spools,
) -> Result<Upload, Fault> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let content_type = field.content_type().map(ToString::to_string);
    let mut file = spools.begin().await.map_err(full)?;
    let mut length = 0_u64;
    while let Some(bytes) = field
        .chunk()
        .await
        .map_err(|cause| unreadable(cause, most))?
    {
        length += bytes.len() as u64;
        if length > most {
            return Err(too_large(most));
        }
        file.write(&bytes).await.map_err(full)?;
    }
    Ok(Upload {
        field: name,
        filename,
        content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        content: FileContent::Spooled(file.finish().await.map_err(full)?),
    })
}

/// The body as it comes; a client that stops sending is given up.
fn frames(body: &mut Body) -> impl Stream<Item = io::Result<Bytes>> + Send {
    async_stream::try_stream! {
        let until = Instant::now() + TOTAL;
        loop {
            let soon = (Instant::now() + IDLE).min(until);
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            let frame = tokio::time::timeout_at(soon, body.frame()).await.map_err(late)?;
            let Some(frame) = frame else { break };
            if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
                yield data;
            }
        }
    }
}

/// A form that cannot be read; one that came too slowly is told so.
fn unreadable(cause: multer::Error, most: u64) -> Fault {
    if matches!(cause, multer::Error::StreamSizeExceeded { .. }) {
        return too_large(most);
    }
    let late = match &cause {
        multer::Error::StreamReadFailed(inner) => inner
            .downcast_ref::<io::Error>()
            .is_some_and(|it| it.kind() == io::ErrorKind::TimedOut),
        _ => false,
    };
    if late {
        return body::late();
    }
    broken(cause)
}

fn full(cause: io::Error) -> Fault {
    let message = "the gateway has no room for the file; try again later";
    Fault::ours(message, cause.to_string())
}

fn too_large(most: u64) -> Fault {
    larger("the file", most).with_param("file")
}

fn body_too_large(most: u64) -> Fault {
    larger("the request's body", most).with_param("request_body")
}

fn larger(what: &str, most: u64) -> Fault {
    let message = format!(
        "{what} is larger than {} MiB (`general_settings.max_file_size_mb`)",
        most >> 20
    );
    Fault::caller(ErrorKind::InvalidRequest, message).with_status(413)
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    const HEAD: &str = "--cut\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
        --cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n";

    async fn form(text: String, most: u64) -> (Result<(Bytes, Uploads), Fault>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=cut";
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        let read = read(Body::from(text), &headers, most, &spools).await;
        let left = std::fs::read_dir(folder.path().join("uploads"));
        (read, left.map_or(0, Iterator::count))
    }

    #[tokio::test]
    async fn a_file_goes_to_disk_and_leaves_no_name_there() {
        let (read, left) = form(format!("{HEAD}{{}}\r\n--cut--\r\n"), 10).await;
        let (fields, files) = read.unwrap();
        assert_eq!((&fields[..], left), (&br#"{"purpose":"batch"}"#[..], 0));
        let file = files.iter().next().unwrap();
        assert_eq!((file.content.length(), &*file.filename), (2, "a.jsonl"));
        assert!(file.held().is_none());
    }

    #[tokio::test]
    async fn a_long_body_goes_to_disk_and_a_short_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let headers = HeaderMap::new();
        for (length, lies_on_disk) in [(0, false), (9, false), (SHORT + 1, true)] {
            let body = Body::from(vec![7; length]);
            let first = Bytes::from_static(b"ab");
            let most = SHORT as u64 + 100;
            let read = unread((first, body), &headers, most, &spools)
                .await
                .unwrap();
            assert_eq!(read.length(), length as u64 + 2);
            assert_eq!(matches!(read, FileContent::Spooled(_)), lies_on_disk);
        }
        for most in [SHORT as u64 + 1, 8] {
            let body = Body::from(vec![7; SHORT]);
            let first = Bytes::from_static(b"ab");
            let refused = unread((first, body), &headers, most, &spools).await;
            let fault = refused.unwrap_err();
            assert_eq!(
                (fault.status, fault.param.as_deref()),
                (Some(413), Some("request_body"))
            );
        }
        let left = std::fs::read_dir(folder.path().join("uploads")).unwrap();
        assert_eq!(left.count(), 0);
    }

    #[tokio::test]
    async fn what_is_cut_off_or_too_large_is_refused_with_the_reason_and_leaves_nothing() {
        let twice = format!("{HEAD}{{}}\r\n{HEAD}{{}}\r\n--cut--\r\n");
        for (text, status, said) in [
            (format!("{HEAD}{{}}"), None, "cannot be read"),
            (
                format!("{HEAD}{{}}\r\n--cut--\r\n"),
                Some(413),
                "max_file_size_mb",
            ),
            (twice, None, "more than one file"),
        ] {
            let most = if status.is_some() { 1 } else { 10 };
            let (read, left) = form(text, most).await;
            let fault = read.unwrap_err();
            assert_eq!((fault.status, left), (status, 0));
            assert!(fault.message.contains(said), "{}", fault.message);
        }
    }
}
