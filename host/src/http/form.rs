//! Requests that come as a form: their fields as the JSON object that the rest of the gateway reads,
//! and their files.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::{Field, Multipart};
use serde_json::{Map, Number, Value};

use crate::domain::{ErrorKind, Fault};
use crate::pipeline::{FileContent, Upload, Uploads};

/// Fields and files of one form, at most.
pub(super) const MOST_PARTS: usize = 100;
/// Bytes of one field that is no file.
const MOST_TEXT: usize = 1 << 20;

/// Fields that are numbers or flags; a form has texts only.
const NUMBERS: [&str; 7] = [
    "n",
    "num_retries",
    "output_compression",
    "priority",
    "stream_timeout",
    "temperature",
    "timeout",
];
const FLAGS: [&str; 4] = ["stream", "disable_fallbacks", "drop_params", "no-log"];

/// Reads a form: its fields as a JSON object, and its files. A field whose name ends in `[]`, or that
/// is there more than once, is an array.
///
/// # Errors
/// It is no form, cut off, or a field is no text or has the wrong type.
pub async fn read(body: Bytes, headers: &HeaderMap) -> Result<(Bytes, Uploads), Fault> {
    let boundary = boundary(headers)?;
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(whole, boundary);
    let (mut fields, mut files, mut parts) = (Map::new(), Vec::new(), 0);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        parts += 1;
        if parts > MOST_PARTS {
            return Err(refused(format!(
                "the form has more than {MOST_PARTS} parts"
            )));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(refused("a part of the form has no name"));
        }
        if field.file_name().is_some() {
            files.push(upload(name, field).await?);
        } else {
            add(&mut fields, &name, field).await?;
        }
    }
    let fields = Bytes::from(Value::Object(fields).to_string());
    Ok((fields, Uploads::new(files)))
}

/// What stands between the parts.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, Fault> {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let said = said.unwrap_or_default();
    multer::parse_boundary(said).map_err(|_| {
        refused(format!(
            "this operation takes a form (`multipart/form-data` with a boundary), not {said:?}"
        ))
    })
}

async fn upload(name: String, field: Field<'_>) -> Result<Upload, Fault> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let content_type = field.content_type().map(ToString::to_string);
    let bytes = field.bytes().await.map_err(broken)?;
    Ok(Upload {
        field: name.strip_suffix("[]").unwrap_or(&name).to_owned(),
        filename,
        content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        content: FileContent::Held(bytes),
    })
}

/// Adds a field that is no file.
pub(super) async fn add(
    fields: &mut Map<String, Value>,
    name: &str,
    field: Field<'_>,
) -> Result<(), Fault> {
    let bytes = field.bytes().await.map_err(broken)?;
    let named = |text: String| refused(text).with_param(name);
    if bytes.len() > MOST_TEXT {
        return Err(named(format!("the field `{name}` is longer than 1 MiB")));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| named(format!("the field `{name}` is no UTF-8 text")))?;
    let (plain, many) = match name.strip_suffix("[]") {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let value = typed(plain, text).ok_or_else(|| {
        let expected = if FLAGS.contains(&plain) {
            "`true` or `false`"
        } else {
            "a number"
        };
        named(format!("the field `{name}` must be {expected}"))
    })?;
    match fields.get_mut(plain) {
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None if many => {
            fields.insert(plain.to_owned(), Value::Array(vec![value]));
        }
        None => {
            fields.insert(plain.to_owned(), value);
        }
    }
    Ok(())
}

fn typed(name: &str, text: &str) -> Option<Value> {
    if FLAGS.contains(&name) {
        return match text {
            "true" | "True" | "1" => Some(true.into()),
            "false" | "False" | "0" => Some(false.into()),
            _ => None,
        };
    }
    if NUMBERS.contains(&name) {
        return serde_json::from_str::<Number>(text).ok().map(Value::Number);
    }
    Some(text.into())
}

pub(super) fn refused(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("request_body")
}

pub(super) fn broken(cause: multer::Error) -> Fault {
    refused(format!("the form cannot be read: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(parts: &str, end: &str) -> (Bytes, HeaderMap) {
        let body = format!("{}{end}", parts.replace('\n', "\r\n"));
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=cut";
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        (body.into(), headers)
    }

    fn part(name: &str, value: &str) -> String {
        format!("--cut\nContent-Disposition: form-data; name=\"{name}\"\n\n{value}\n")
    }

    const FILE: &str = "--cut\nContent-Disposition: form-data; name=\"image[]\"; filename=\"a.png\"\nContent-Type: image/png\n\n\u{1}PNG\n";

    #[tokio::test]
    async fn fields_become_an_object_and_files_stay_bytes() {
        let parts = [
            part("model", "m"),
            part("temperature", "0.5"),
            part("stream", "false"),
            part("drop_params", "true"),
            part("timestamp_granularities[]", "word"),
            part("timestamp_granularities[]", "segment"),
            FILE.to_owned(),
            FILE.to_owned(),
        ];
        let (body, headers) = form(&parts.concat(), "--cut--\r\n");
        let (fields, files) = read(body, &headers).await.unwrap();
        let fields: Value = serde_json::from_slice(&fields).unwrap();
        assert_eq!(
            fields,
            serde_json::json!({"model": "m", "temperature": 0.5, "stream": false, "drop_params": true,
                "timestamp_granularities": ["word", "segment"]})
        );
        let files: Vec<&Upload> = files.iter().collect();
        assert_eq!((files.len(), &*files[0].field), (2, "image"));
        assert_eq!(files[1].held().unwrap(), "\u{1}PNG");
        assert_eq!(files[0].content_type, "image/png");
    }

    #[tokio::test]
    async fn what_is_no_whole_form_is_refused_with_the_reason() {
        let whole = part("model", "m") + FILE;
        let cut = form(&whole, "");
        let number = form(&part("temperature", "warm"), "--cut--\r\n");
        let flag = form(&part("stream", "maybe"), "--cut--\r\n");
        let binary = (
            Bytes::from_static(
                b"--cut\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\xff\r\n--cut--\r\n",
            ),
            cut.1.clone(),
        );
        let json = (Bytes::from_static(b"{}"), HeaderMap::new());
        for ((body, headers), said) in [
            (cut, "cannot be read"),
            (number, "a number"),
            (flag, "`true` or `false`"),
            (binary, "UTF-8"),
            (json, "multipart/form-data"),
        ] {
            let fault = read(body, &headers).await.unwrap_err();
            assert!(fault.message.contains(said), "{}", fault.message);
        }
        let many = form(&part("a", "b").repeat(MOST_PARTS + 1), "--cut--\r\n");
        assert!(read(many.0, &many.1).await.is_err());
    }
}
