//! The body of a request that is passed on: what may name a model is read, as calls are; what need not be
//! read goes over disk, as uploads do. Of a form that went there the texts are read again that say what it
//! asks for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use multer::Multipart;

use super::form::MOST_PARTS;
use super::{body, spool};
use crate::domain::Fault;
use crate::pipeline::{FileContent, Spools};

/// Space before a body that is looked through.
const MOST_SPACE: usize = 4096;

/// Segments of paths below which files are uploaded.
const UPLOADS: [&str; 4] = ["file", "files", "upload", "uploads"];

/// Texts of a form that the gateway acts on.
const READ: [&str; 4] = ["model", "n", "stream", "user"];
/// Bytes of one of them.
const MOST_TEXT: usize = 4096;
/// Bytes that are looked through for the end of a part's head.
const MOST_HEAD: usize = 1 << 20;

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
    let kind = kind(headers);
    let lines = kind.contains("ndjson") || kind.contains("jsonl");
    let is_json = kind.contains("json") && !lines;
    let uploads = is_upload(tail);
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

/// The texts of a form that the gateway acts on, in their order. None of a form that others may read
/// otherwise, nor of what is no form: it says nothing then.
pub async fn texts(
    content: &FileContent,
    (headers, tail): (&HeaderMap, &str),
) -> Vec<(&'static str, String)> {
    let kind = kind(headers);
    let is_form = kind.to_ascii_lowercase().starts_with("multipart/form-data");
    match is_form && !is_upload(tail) {
        true => form(content, kind).await.unwrap_or_default(),
        false => Vec::new(),
    }
}

/// None: it is no form that can be read in one way alone.
async fn form(content: &FileContent, kind: &str) -> Option<Vec<(&'static str, String)>> {
    let boundary = boundary(kind)?;
    let mut pieces = Box::pin(pieces(content));
    let first = pieces.next().await?.ok()?;
    // What stands before the first part is nobody's, if it is found to stand there.
    if !first.starts_with(format!("--{boundary}").as_bytes()) {
        return None;
    }
    let waiting = Arc::new(AtomicUsize::new(0));
    let read = Arc::clone(&waiting);
    let bounded = pieces.map(move |piece| {
        let piece = piece?;
        match read.fetch_add(piece.len(), Ordering::Relaxed) > MOST_HEAD {
            true => Err(io::Error::other("the head of a part does not end")),
            false => Ok(piece),
        }
    });
    let whole = stream::once(std::future::ready(Ok(first))).chain(bounded);
    let mut form = Multipart::new(whole, boundary);
    let (mut texts, mut count) = (Vec::new(), 0);
    while let Some(mut field) = form.next_field().await.ok()? {
        waiting.store(0, Ordering::Relaxed);
        count += 1;
        let name = field.name()?.to_owned();
        if count > MOST_PARTS || only_name(field.headers()) != Some(&*name) {
            return None;
        }
        let base = name.split('[').next().unwrap_or(&name);
        let known = READ.iter().find(|it| it.eq_ignore_ascii_case(base));
        // Twice, as a list, or as a file, it may be read or not; each of several models is judged.
        let said = |it: &str| it != "model" && texts.iter().any(|(name, _)| *name == it);
        let is_odd = |it: &&str| base != name || field.file_name().is_some() || said(it);
        if known.is_some_and(is_odd) {
            return None;
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await.ok()? {
            waiting.store(0, Ordering::Relaxed);
            if known.is_some() {
                text.extend_from_slice(&piece);
            }
            if text.len() > MOST_TEXT {
                return None;
            }
        }
        if let Some(name) = known {
            texts.push((*name, String::from_utf8(text).ok()?));
        }
    }
    (dispositions(content).await? == count).then_some(texts)
}

/// How many parts anybody could find, those behind the end among them.
async fn dispositions(content: &FileContent) -> Option<usize> {
    let (mut found, mut pieces) = (Dispositions::default(), Box::pin(pieces(content)));
    while let Some(piece) = pieces.next().await {
        found.read(&piece.ok()?);
    }
    Some(found.count)
}

/// Lines that begin with `Content-Disposition`, over the borders of pieces. A part that has two is
/// read with its last name here, and by others with its first.
#[derive(Default)]
struct Dispositions {
    count: usize,
    /// The end of what was read, in which one may begin.
    rest: Vec<u8>,
}

impl Dispositions {
    fn read(&mut self, piece: &[u8]) {
        const BEGIN: &[u8] = b"\ncontent-disposition";
        const OVER: usize = BEGIN.len() - 1;
        let found = |text: &[u8], most: usize| {
            let lines = memchr::memchr_iter(b'\n', text).take_while(|at| *at < most);
            let begins = lines.filter_map(|at| text.get(at..at + BEGIN.len()));
            begins.filter(|it| it.eq_ignore_ascii_case(BEGIN)).count()
        };
        // Those over the border, which begin in what is left, and those in the piece alone.
        let border = self.rest.len();
        self.rest.extend(piece.iter().take(OVER));
        self.count += found(&self.rest, border) + found(piece, piece.len());
        let ends: &[u8] = if piece.len() < OVER {
            &self.rest
        } else {
            piece
        };
        self.rest = ends[ends.len().saturating_sub(OVER)..].to_vec();
    }
}

/// What stands between the parts. None: the type says it twice, or not at all.
fn boundary(kind: &str) -> Option<String> {
    let said = kind.to_ascii_lowercase();
    let once = said.matches("boundary=").count() == 1 && !said.contains("boundary*");
    let boundary = multer::parse_boundary(kind).ok();
    boundary.filter(|_| once)
}

/// The name of a part that says it once, and whose text stands there as it is.
fn only_name(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key("content-transfer-encoding") {
        return None;
    }
    let text = headers.get(CONTENT_DISPOSITION)?.to_str().ok()?;
    let members = text.split(';').map(str::trim_start);
    let mut named = members.filter(|it| it.to_ascii_lowercase().starts_with("name"));
    let one = named.next()?.strip_prefix("name=")?.trim_end();
    let is_plain = named.next().is_none() && !one.contains(['\\', '%']);
    let quoted = one.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    is_plain.then_some(quoted.unwrap_or(one))
}

fn pieces(content: &FileContent) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let content = content.clone();
    async_stream::try_stream! {
        match content {
            FileContent::Held(bytes) => yield bytes,
            FileContent::Spooled(file) => {
                let mut offset = 0;
                while offset < file.length() {
                    let piece = file.piece(offset).await?;
                    offset += piece.len() as u64;
                    yield piece;
                }
            }
        }
    }
}

fn kind(headers: &HeaderMap) -> &str {
    let kind = headers.get(CONTENT_TYPE);
    kind.and_then(|it| it.to_str().ok()).unwrap_or_default()
}

fn is_upload(tail: &str) -> bool {
    tail.split('/').any(|it| UPLOADS.contains(&it))
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

    const FILE: &str = "form-data; name=\"file\"; filename=\"a.mp3\"";

    fn part(disposition: &str, text: &str) -> String {
        format!("--cut\r\nContent-Disposition: {disposition}\r\n\r\n{text}\r\n")
    }

    async fn told(kind: &str, tail: &str, text: String) -> Vec<(&'static str, String)> {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().join("uploads"));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        let about = (&headers, tail);
        let most = (1 << 20, 4 << 20);
        let content = super::body(Body::from(text), about, most, &spools).await;
        texts(&content.unwrap(), about).await
    }

    const FORM: &str = "multipart/form-data; boundary=cut";
    const HEAR: &str = "/v1/audio/transcriptions";

    #[tokio::test]
    async fn a_form_says_what_it_asks_for_wherever_it_lies() {
        let form = |sound: &str| {
            let parts = [
                part(FILE, sound),
                part("form-data; name=\"model\"", "whisper"),
                part("form-data; name=\"prompt\"", "names"),
                // As .NET writes it.
                part("form-data; name=stream", "true"),
            ];
            format!("{}--cut--\r\n", parts.concat())
        };
        let said = [
            ("model", "whisper".to_owned()),
            ("stream", "true".to_owned()),
        ];
        for sound in ["ID3", &"ID3\r\n--cu".repeat(100_000)] {
            assert_eq!(told(FORM, HEAR, form(sound)).await, said);
        }
        let webkit = "multipart/form-data; boundary=----WebKitFormBoundarycut";
        let text = form("ID3").replace("--cut", "------WebKitFormBoundarycut");
        assert_eq!(told(webkit, HEAR, text).await, said);
        // An upload names no model, and what is no form has no texts.
        assert!(told(FORM, "/v1/files", form("ID3")).await.is_empty());
        assert!(told("text/plain", HEAR, form("ID3")).await.is_empty());
    }

    #[tokio::test]
    async fn a_form_that_may_be_read_otherwise_says_nothing() {
        let model = part("form-data; name=\"model\"", "cheap");
        let end = "--cut--\r\n";
        let other = |disposition: &str| format!("{model}{}{end}", part(disposition, "dear"));
        for text in [
            model.clone(),
            format!("x{model}{end}"),
            format!("{}{end}", model.repeat(101)),
            format!(
                "{}{end}",
                part("form-data; name=\"model\"", &"m".repeat(5000))
            ),
            other("form-data"),
            other("form-data; name=\"model[]\""),
            other("form-data; name=\"Model[]\""),
            other("form-data; name=\"n\"")
                .replace("cheap", "1")
                .replace("\"model\"", "\"n\""),
            other("form-data; name=\"mod\\el\""),
            other("form-data; name=\"mod%65l\""),
            other("form-data; name=\"model\"; filename=\"a\""),
            other("form-data; x=\"a name=prompt b\"; name=\"model\""),
            other("form-data; filename=\"a name=prompt b\"; name=\"model\""),
            format!(
                "{model}{end}{}{end}",
                part("form-data; name=\"model\"", "dear")
            ),
            format!(
                "{}{end}",
                part("form-data; name=\"MODEL\"", &"m".repeat(5000))
            ),
            // On disk, and with a head without end.
            format!("{}--cut\r\nX: {}", part(FILE, "ID3"), "a".repeat(3 << 20)),
            other("form-data; name=\"a\"; name*=utf-8''model"),
            other("form-data; name=\"a\"; name=\"model\""),
            other("form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"model\""),
            other("form-data; name=\"model\"\r\ncontent-disposition: form-data; name=\"a\""),
            other("form-data; name=\"model\"\r\nContent-Transfer-Encoding: base64"),
        ] {
            assert!(
                told(FORM, HEAR, text.clone()).await.is_empty(),
                "{text:.200}"
            );
        }
        let whole = format!("{model}{end}");
        for kind in ["; boundary=other", "; boundary*=other", "; Boundary=cut"] {
            let kind = format!("{FORM}{kind}");
            assert!(told(&kind, HEAR, whole.clone()).await.is_empty(), "{kind}");
        }
        // Both are told, and judged.
        let both = other("form-data; name=\"Model\"");
        let models = ["cheap", "dear"].map(|it| ("model", it.to_owned()));
        assert_eq!(told(FORM, HEAR, both).await, models);
    }
}
