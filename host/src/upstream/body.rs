//! The body of an outbound request, from what the plugin says and what the host kept.

use std::sync::Arc;

use bytes::Bytes;
use sluice_engine::contract::{Body, Part, PartData, Payload};

use super::content::{Content, FileContent};
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
    /// Uploads by their number, each with its content type.
    pub files: Vec<(FileContent, String)>,
    /// The last JSON body that was sent, with media words: what `amend` starts from.
    last_json: Option<Bytes>,
}

/// A body with its content type.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub content: Content,
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
            Body::Multipart(parts) => self.multipart(parts),
            Body::Raw(Payload::Text(text)) => Ok(Built::of(
                self.media.restore(text),
                "text/plain; charset=utf-8",
            )),
            Body::Raw(Payload::Bytes(bytes)) => Ok(Built::of(bytes, "application/octet-stream")),
            Body::File(number) => {
                let (bytes, content_type) = self.file(number)?;
                let content = match bytes {
                    FileContent::Held(bytes) => Content::Held(bytes.clone()),
                    FileContent::Spooled(_) => Content::Pieces([bytes.clone()].into()),
                };
                Ok(Built {
                    content,
                    content_type: Some(content_type.clone()),
                })
            }
            Body::Raw(Payload::Kept(_)) => {
                Err(Fault::plugin("the plugin sends a body that was not kept"))
            }
        }
    }

    fn file(&self, number: u32) -> Result<&(FileContent, String), Fault> {
        let place = usize::try_from(number).ok();
        let file = place.and_then(|it| self.files.get(it));
        file.ok_or_else(|| Fault::plugin(format!("the call has no file {number}")))
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

impl CallBodies {
    fn multipart(&self, parts: Vec<Part>) -> Result<Built, Fault> {
        let boundary = format!("sluice-{}", uuid::Uuid::new_v4().simple());
        let (mut out, mut pieces) = (Vec::new(), Vec::new());
        for part in parts {
            let file = match &part.data {
                PartData::File(number) => Some(self.file(*number)?),
                _ => None,
            };
            let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=");
            push_quoted(&mut head, &part.name);
            if let Some(filename) = &part.filename {
                head.push_str("; filename=");
                push_quoted(&mut head, filename);
            }
            let kind = part.content_type.as_deref();
            let kind = kind.or(file.map(|(_, kind)| kind.as_str()));
            if let Some(kind) = kind.filter(|it| !it.contains(['\r', '\n'])) {
                head.push_str("\r\nContent-Type: ");
                head.push_str(kind);
            }
            head.push_str("\r\n\r\n");
            out.extend_from_slice(head.as_bytes());
            match (part.data, file) {
                (_, Some((FileContent::Held(bytes), _))) => out.extend_from_slice(bytes),
                (_, Some((file @ FileContent::Spooled(_), _))) => {
                    pieces.push(FileContent::Held(std::mem::take(&mut out).into()));
                    pieces.push(file.clone());
                }
                (PartData::Text(text), _) => {
                    out.extend_from_slice(self.media.restore(text).as_bytes());
                }
                (PartData::Bytes(bytes), _) => out.extend_from_slice(&bytes),
                (PartData::File(_), None) => {}
            }
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={boundary}");
        if pieces.is_empty() {
            return Ok(Built::of(out, &content_type));
        }
        pieces.push(FileContent::Held(out.into()));
        Ok(Built {
            content: Content::Pieces(pieces.into()),
            content_type: Some(content_type),
        })
    }
}

impl Built {
    fn of(bytes: impl Into<Bytes>, content_type: &str) -> Self {
        Self {
            content: Content::Held(bytes.into()),
            content_type: Some(content_type.to_owned()),
        }
    }
}
