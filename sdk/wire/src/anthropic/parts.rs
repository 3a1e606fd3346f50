//! Parts of a message as content blocks.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::base64;

/// The blocks of a message's `content`: text or a list of parts. `file_ids` becomes true if a
/// part names an uploaded file.
pub fn content(message: &Map<String, Value>, file_ids: &mut bool) -> Result<Vec<Value>, Error> {
    match message.get("content") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text_block(text).into_iter().collect()),
        Some(Value::Array(parts)) => {
            let mut blocks = Vec::with_capacity(parts.len());
            for part in parts {
                blocks.extend(block(part, file_ids)?);
            }
            Ok(blocks)
        }
        Some(_) => Err(fault::invalid_request(
            "`content` is neither a text nor a list of parts",
        )),
    }
}

/// LiteLLM's clients mark whole messages for the cache: the mark belongs to the last block.
pub fn mark_last(message: &Map<String, Value>, blocks: &mut [Value]) {
    let mark = message.get("cache_control").filter(|it| !it.is_null());
    let last = blocks.last_mut().filter(|it| !is_thinking(it));
    if let (Some(mark), Some(Value::Object(last))) = (mark, last) {
        last.entry("cache_control").or_insert_with(|| mark.clone());
    }
}

/// Thinking cannot be marked.
pub fn is_thinking(block: &Value) -> bool {
    let kind = block.get("type").and_then(Value::as_str);
    matches!(kind, Some("thinking" | "redacted_thinking"))
}

/// Text without a visible letter is refused, so it is left out.
pub fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

/// One part of a message as a block; none for what Anthropic has no block for.
fn block(part: &Value, file_ids: &mut bool) -> Result<Option<Value>, Error> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let mut block = match text("type").unwrap_or("text") {
        "text" | "input_text" | "output_text" => {
            let Some(mut block) = text("text").and_then(text_block) else {
                return Ok(None);
            };
            if let (Some(members), Some(citations)) = (
                block.as_object_mut(),
                part.get("citations").filter(|it| !it.is_null()),
            ) {
                members.insert("citations".into(), citations.clone());
            }
            Some(block)
        }
        "refusal" => text("refusal").and_then(text_block),
        "image_url" | "input_image" => {
            let image = part.get("image_url").unwrap_or(&Value::Null);
            let url = image.as_str().or_else(|| image.get("url")?.as_str());
            let url =
                url.ok_or_else(|| fault::invalid_request("an `image_url` part has no `url`"))?;
            Some(json!({"type": "image", "source": image_source(url)}))
        }
        "file" | "input_file" => Some(document(part, file_ids)?),
        "input_audio" => {
            return Err(fault::unsupported(
                "Anthropic takes no audio: an `input_audio` part cannot be sent",
            ));
        }
        // Anthropic's own kinds are let through.
        _ => return Ok(Some(part.clone())),
    };
    let mark = part.get("cache_control").filter(|it| !it.is_null());
    if let (Some(Value::Object(members)), Some(mark)) = (&mut block, mark) {
        members.insert("cache_control".into(), mark.clone());
    }
    Ok(block)
}

fn image_source(url: &str) -> Value {
    match data_uri(url) {
        Some((kind, data)) => {
            let kind = if kind == "image/jpg" {
                "image/jpeg"
            } else {
                kind
            };
            json!({"type": "base64", "media_type": kind, "data": data})
        }
        None => json!({"type": "url", "url": url}),
    }
}

/// The media type and the base64 text of a data URI. The text may be a word of the gateway's.
fn data_uri(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((kind.split(';').next().unwrap_or(kind), data))
}

fn document(part: &Value, file_ids: &mut bool) -> Result<Value, Error> {
    let file = part.get("file").unwrap_or(part);
    let text = |name: &str| file.get(name).and_then(Value::as_str);
    let source = if let Some(data) = text("file_data") {
        match data_uri(data) {
            Some((kind, _)) if kind.starts_with("image/") => {
                return Ok(json!({"type": "image", "source": image_source(data)}));
            }
            Some((kind, data)) if is_text(kind) => plain_text(data)?,
            Some((kind, data)) => json!({"type": "base64", "media_type": kind, "data": data}),
            None if data.starts_with("http") => json!({"type": "url", "url": data}),
            None => json!({"type": "base64", "media_type": "application/pdf", "data": data}),
        }
    } else if let Some(url) =
        text("file_url").or(text("file_id").filter(|it| it.starts_with("http")))
    {
        json!({"type": "url", "url": url})
    } else if let Some(id) = text("file_id") {
        *file_ids = true;
        json!({"type": "file", "file_id": id})
    } else {
        return Err(fault::invalid_request(
            "a `file` part has neither `file_data` nor `file_id`",
        ));
    };
    let mut block = Map::new();
    block.insert("type".into(), "document".into());
    block.insert("source".into(), source);
    if let Some(title) = text("filename").or(text("title")) {
        block.insert("title".into(), title.into());
    }
    for name in ["context", "citations"] {
        if let Some(value) = part.get(name).or_else(|| file.get(name)) {
            block.insert(name.into(), value.clone());
        }
    }
    Ok(block.into())
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || matches!(kind, "application/json" | "application/xml")
}

/// Text files go as text, not as base64. One so long that the gateway holds it back cannot be
/// decoded here.
fn plain_text(data: &str) -> Result<Value, Error> {
    let text = base64::decoded(data).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| {
        fault::invalid_request(
            "a text file is not UTF-8 in base64, or is longer than 48 KiB: send it as a `text` part",
        )
    })?;
    Ok(json!({"type": "text", "media_type": "text/plain", "data": text}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(part: Value) -> Result<Option<Value>, Error> {
        block(&part, &mut false)
    }

    #[test]
    fn text_files_go_as_text() {
        let part = json!({"type": "file", "file": {"filename": "a.md", "file_data": "data:text/markdown;base64,IyBIw6k="}});
        let want = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "# Hé"}, "title": "a.md"});
        assert_eq!(one(part).unwrap(), Some(want));
        let held_back = json!({"type": "file", "file": {"file_data": format!("data:text/plain;base64,sluice-media-{}", "0".repeat(32))}});
        assert!(one(held_back).unwrap_err().message.contains("48 KiB"));
    }

    #[test]
    fn refusals_are_text_and_audio_is_named() {
        let refusal = one(json!({"type": "refusal", "refusal": "no"})).unwrap();
        assert_eq!(refusal, Some(json!({"type": "text", "text": "no"})));
        let audio =
            one(json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}));
        assert_eq!(audio.unwrap_err().kind, fault::kind::UNSUPPORTED);
    }

    #[test]
    fn text_without_a_letter_is_left_out() {
        assert_eq!(one(json!({"type": "text", "text": " \n"})).unwrap(), None);
    }

    #[test]
    fn a_jpg_is_a_jpeg() {
        let block =
            one(json!({"type": "image_url", "image_url": {"url": "data:image/jpg;base64,QUJD"}}));
        let want = json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QUJD"}});
        assert_eq!(block.unwrap(), Some(want));
    }
}
