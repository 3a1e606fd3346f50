//! Parts of a message as content blocks.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// Formats of documents by media type and by the file name's end.
const DOCUMENTS: [(&str, &str); 10] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ("application/vnd.ms-excel", "xls"),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
];

/// Reads parts; knows the names that documents of this request have already.
#[derive(Default)]
pub struct Parts {
    names: Vec<String>,
    /// Of the cache, where the model has one: `Some(true)` if it takes a lifetime.
    cache: Option<bool>,
}

impl Parts {
    pub fn with_cache(cache: Option<bool>) -> Self {
        Self {
            cache,
            ..Self::default()
        }
    }

    /// The blocks of a message's `content`: text or a list of parts.
    pub fn content(&mut self, message: &Value) -> Result<Vec<Value>, Error> {
        let mut blocks = match message.get("content") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text_block(text).into_iter().collect(),
            Some(Value::Array(parts)) => {
                let mut blocks = Vec::with_capacity(parts.len());
                for part in parts {
                    blocks.extend(self.block(part)?);
                    blocks.extend(self.point(part).filter(|_| !blocks.is_empty()));
                }
                blocks
            }
            Some(_) => {
                return Err(fault::invalid_request(
                    "`content` is neither a text nor a list of parts",
                ));
            }
        };
        if !blocks.is_empty() {
            blocks.extend(self.point(message));
        }
        Ok(blocks)
    }

    /// The point that a mark of `cache_control` becomes. Models without a cache lose nothing by it.
    pub fn point(&self, marked: &Value) -> Option<Value> {
        let mark = marked.get("cache_control").filter(|it| it.is_object())?;
        let takes_ttl = self.cache?;
        let mut point = json!({"type": "default"});
        if let Some(ttl) = mark.get("ttl").filter(|_| takes_ttl) {
            point["ttl"] = ttl.clone();
        }
        Some(json!({"cachePoint": point}))
    }

    fn block(&mut self, part: &Value) -> Result<Option<Value>, Error> {
        let text = |name: &str| part.get(name).and_then(Value::as_str);
        Ok(match text("type").unwrap_or("text") {
            "text" | "input_text" | "output_text" => text("text").and_then(text_block),
            "refusal" => text("refusal").and_then(text_block),
            "guarded_text" => {
                text("text").map(|it| json!({"guardContent": {"text": {"text": it}}}))
            }
            "image_url" | "input_image" => {
                let image = part.get("image_url").unwrap_or(&Value::Null);
                let url = image.as_str().or_else(|| image.get("url")?.as_str());
                let url =
                    url.ok_or_else(|| fault::invalid_request("an `image_url` part has no `url`"))?;
                Some(self.media(url, part)?)
            }
            "video_url" => {
                let url = part.pointer("/video_url/url").and_then(Value::as_str);
                let url =
                    url.ok_or_else(|| fault::invalid_request("a `video_url` part has no `url`"))?;
                Some(self.media(url, part)?)
            }
            "input_audio" => {
                let audio = part.get("input_audio").unwrap_or(&Value::Null);
                let (format, data) = (audio.get("format"), audio.get("data"));
                Some(json!({"audio": {"format": format, "source": {"bytes": data}}}))
            }
            "file" | "input_file" => Some(self.file(part)?),
            other => {
                return Err(fault::unsupported(format!(
                    "Converse has no block for a part of the type `{other}`"
                )));
            }
        })
    }

    fn file(&mut self, part: &Value) -> Result<Value, Error> {
        let file = part.get("file").unwrap_or(part);
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        match text("file_data").or(text("file_url")).or(text("file_id")) {
            Some(data) if data.contains(':') => self.media(data, file),
            Some(data) if text("file_data").is_some() => {
                self.media(&format!("data:application/pdf;base64,{data}"), file)
            }
            Some(id) => Err(fault::unsupported(format!(
                "Bedrock keeps no files: `file_id` {id:?} cannot be sent"
            ))),
            None => Err(fault::invalid_request(
                "a `file` part has neither `file_data` nor `file_id`",
            )),
        }
    }

    /// An image, a video, a sound or a document, by its media type or its name's end.
    fn media(&mut self, url: &str, named: &Value) -> Result<Value, Error> {
        let text = |name: &str| named.get(name).and_then(Value::as_str);
        let (kind, source) = if let Some((kind, data)) = data_uri(url) {
            (kind, json!({"bytes": data}))
        } else if url.starts_with("s3://") {
            let mut location = Map::new();
            location.insert("uri".into(), url.into());
            if let Some(owner) = text("bucket_owner") {
                location.insert("bucketOwner".into(), owner.into());
            }
            ("", json!({"s3Location": location}))
        } else {
            return Err(fault::invalid_request(
                "Bedrock takes media in the request or from S3, and fetches no other address",
            ));
        };
        let kind = text("format").filter(|it| it.contains('/')).unwrap_or(kind);
        let name = text("filename").unwrap_or(if kind.is_empty() { url } else { "" });
        let end = name
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        let end = end.unwrap_or_default();
        let guessed = match end.as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" => "image",
            "mkv" | "mov" | "mp4" | "webm" | "flv" | "mpeg" | "mpg" | "wmv" | "3gp" => "video",
            _ => "",
        };
        let (family, rest) = kind.split_once('/').unwrap_or((guessed, &end));
        Ok(match family {
            "image" => {
                let format = if rest == "jpg" { "jpeg" } else { rest };
                json!({"image": {"format": format, "source": source}})
            }
            "video" => {
                let format = match rest {
                    "3gp" | "3gpp" => "three_gp",
                    "quicktime" => "mov",
                    "x-matroska" => "mkv",
                    other => other,
                };
                json!({"video": {"format": format, "source": source}})
            }
            "audio" => json!({"audio": {"format": rest, "source": source}}),
            _ => {
                let known = DOCUMENTS.iter().find(|(it, _)| *it == kind);
                let by_end = DOCUMENTS.iter().find(|(_, it)| *it == end);
                let (_, format) = known.or(by_end).ok_or_else(|| {
                    fault::invalid_request(format!(
                        "Bedrock takes no document of the type {kind:?}"
                    ))
                })?;
                let name = self.document_name(name);
                json!({"document": {"format": format, "name": name, "source": source}})
            }
        })
    }

    /// Letters, digits, single spaces, hyphens and brackets, unique in the request.
    fn document_name(&mut self, filename: &str) -> String {
        let bare = filename.rsplit('/').next().unwrap_or(filename);
        let bare = bare.rsplit_once('.').map_or(bare, |(bare, _)| bare);
        let keep = |it: char| it.is_ascii_alphanumeric() || "-()[]".contains(it);
        let spaced: String = bare
            .chars()
            .map(|it| if keep(it) { it } else { ' ' })
            .take(180)
            .collect();
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let base = if words.is_empty() {
            "Document".to_owned()
        } else {
            words.join(" ")
        };
        let mut name = base.clone();
        let mut number = 2;
        while self.names.contains(&name) {
            name = format!("{base} {number}");
            number += 1;
        }
        self.names.push(name.clone());
        name
    }
}

/// Text without a visible letter is refused, so it is left out.
pub fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"text": text}))
}

/// The media type and the base64 text of a data URI. The text may be a word of the gateway's.
fn data_uri(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((kind.split(';').next().unwrap_or(kind), data))
}
