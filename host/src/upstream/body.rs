//! The body of an outbound request, from what the plugin says and what the host kept.

use std::sync::Arc;

use bytes::Bytes;
use sluice_engine::contract::{Body, Part, PartData, Payload};

use super::media::MediaTable;
use super::splice::{self, Edit};
use crate::dialect::envelope::push_quoted;
use crate::domain::Fault;
use crate::domain::json::Document;

/// What the host keeps of a call's bodies.
#[derive(Debug, Default)]
pub struct CallBodies {
    /// The client's own.
    pub original: Arc<Document>,
    /// What the gateway changes in them, whatever the plugin says.
    pub edits: Vec<Edit>,
    pub media: MediaTable,
    /// The last JSON body that was sent, with media words: what `amend` starts from.
    last_json: Option<Bytes>,
}

/// A body with its content type.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub bytes: Bytes,
    pub content_type: Option<String>,
}

impl CallBodies {
    pub fn new(original: Arc<Document>, edits: Vec<Edit>) -> Self {
        Self {
            original,
            edits,
            ..Self::default()
        }
    }

    pub(super) fn build(&mut self, body: Body) -> Result<Built, Fault> {
        match body {
            Body::None => Ok(Built::default()),
            Body::Json(text) => Ok(self.json(text)),
            Body::Patch(members) => {
                let mut edits = self.edits.clone();
                edits.extend(members);
                Ok(self.json(splice::patch_document(&self.original, &edits)))
            }
            Body::Amend(members) => {
                let last = self
                    .last_json
                    .as_deref()
                    .and_then(|bytes| std::str::from_utf8(bytes).ok());
                let last =
                    last.ok_or_else(|| Fault::plugin("there is no earlier JSON body to amend"))?;
                let text = splice::amend(last, &members)?;
                Ok(self.json(text))
            }
            Body::Form(pairs) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                let restored = pairs.into_iter();
                form.extend_pairs(restored.map(|(name, value)| (name, self.media.restore(value))));
                Ok(Built::of(
                    form.finish(),
                    "application/x-www-form-urlencoded",
                ))
            }
            Body::Multipart(parts) => multipart(parts, &self.media),
            Body::Raw(Payload::Text(text)) => Ok(Built::of(
                self.media.restore(text),
                "text/plain; charset=utf-8",
            )),
            Body::Raw(Payload::Bytes(bytes)) => Ok(Built::of(bytes, "application/octet-stream")),
            Body::Raw(Payload::Kept(_)) | Body::File(_) => Err(no_files()),
        }
    }

    fn json(&mut self, text: String) -> Built {
        // A plain body is kept as it is sent; only one with media stands in memory twice.
        let full = if self.media.is_empty() {
            None
        } else {
            Some(self.media.restore(text.clone()))
        };
        let kept = Bytes::from(text);
        self.last_json = Some(kept.clone());
        Built::of(full.map_or(kept, Bytes::from), "application/json")
    }
}

impl Built {
    fn of(bytes: impl Into<Bytes>, content_type: &str) -> Self {
        Self {
            bytes: bytes.into(),
            content_type: Some(content_type.to_owned()),
        }
    }
}

fn no_files() -> Fault {
    Fault::plugin("the plugin asks for a file, and this call has none")
}

fn multipart(parts: Vec<Part>, media: &MediaTable) -> Result<Built, Fault> {
    let boundary = format!("sluice-{}", uuid::Uuid::new_v4().simple());
    let mut out = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=");
        push_quoted(&mut head, &part.name);
        if let Some(filename) = &part.filename {
            head.push_str("; filename=");
            push_quoted(&mut head, filename);
        }
        if let Some(kind) = part
            .content_type
            .as_deref()
            .filter(|it| !it.contains(['\r', '\n']))
        {
            head.push_str("\r\nContent-Type: ");
            head.push_str(kind);
        }
        head.push_str("\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        match part.data {
            PartData::Text(text) => out.extend_from_slice(media.restore(text).as_bytes()),
            PartData::Bytes(bytes) => out.extend_from_slice(&bytes),
            PartData::File(_) => return Err(no_files()),
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Built::of(
        out,
        &format!("multipart/form-data; boundary={boundary}"),
    ))
}
