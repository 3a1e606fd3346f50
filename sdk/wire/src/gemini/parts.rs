//! Parts of a message as Google's parts.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// The parts of a message's `content`: text or a list.
pub fn content(message: &Value) -> Result<Vec<Value>, Error> {
    match message.get("content") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(said(text).into_iter().collect()),
        Some(Value::Array(parts)) => {
            let parts = parts.iter().map(part);
            parts.filter_map(Result::transpose).collect()
        }
        Some(_) => Err(fault::invalid_request(
            "`content` is neither a text nor a list of parts",
        )),
    }
}

/// An empty text is refused by some models, and says nothing.
fn said(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({ "text": text }))
}

fn part(part: &Value) -> Result<Option<Value>, Error> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let Some(kind) = text("type").or(text("text").map(|_| "text")) else {
        // Google's own parts are let through.
        return Ok(Some(part.clone()));
    };
    Ok(match kind {
        "text" | "input_text" | "output_text" => said(text("text").unwrap_or_default()),
        "refusal" => said(text("refusal").unwrap_or_default()),
        "image_url" | "input_image" | "video_url" | "audio_url" => {
            let member = if kind == "input_image" {
                "image_url"
            } else {
                kind
            };
            let media = part.get(member).unwrap_or(&Value::Null);
            let url = media.as_str().or_else(|| media.get("url")?.as_str());
            let url =
                url.ok_or_else(|| fault::invalid_request(format!("a `{kind}` part has no `url`")))?;
            Some(blob(url, media.get("format").and_then(Value::as_str), None))
        }
        "input_audio" => {
            let audio = part.get("input_audio").unwrap_or(&Value::Null);
            let format = audio.get("format").and_then(Value::as_str).unwrap_or("wav");
            Some(
                json!({"inlineData": {"mimeType": format!("audio/{format}"), "data": audio.get("data")}}),
            )
        }
        "file" | "input_file" => {
            let file = part.get("file").unwrap_or(part);
            let member = |name: &str| file.get(name).and_then(Value::as_str);
            let data = member("file_data")
                .or(member("file_id"))
                .or(member("file_url"));
            let data = data.ok_or_else(|| {
                fault::invalid_request("a `file` part has neither `file_data` nor `file_id`")
            })?;
            Some(blob(data, member("format"), member("filename")))
        }
        // Another provider's thinking means nothing here.
        "thinking" | "redacted_thinking" => None,
        _ => {
            let mut own = part.as_object().cloned().unwrap_or_default();
            own.shift_remove("type");
            Some(own.into())
        }
    })
}

/// Bytes or the address of a file. The base64 text may be a word of the gateway's. `format` is the
/// client's word on the type; the file's name tells it where nothing else does.
pub fn blob(url: &str, format: Option<&str>, name: Option<&str>) -> Value {
    let by_name = || name.and_then(by_ending);
    let data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','));
    if let Some((head, data)) = data {
        let kind = head.split(';').next().unwrap_or(head);
        let vague = matches!(kind, "" | "application/octet-stream");
        let better = by_name().filter(|_| vague);
        let kind = format.or(better).unwrap_or(kind);
        return json!({"inlineData": {"mimeType": kind, "data": data}});
    }
    if !url.contains("://") && !url.starts_with("files/") {
        let kind = format.or_else(by_name).unwrap_or("application/pdf");
        return json!({"inlineData": {"mimeType": kind, "data": url}});
    }
    let mut file = Map::new();
    if let Some(kind) = format.or_else(|| by_ending(url)).or_else(by_name) {
        file.insert("mimeType".into(), kind.into());
    }
    file.insert("fileUri".into(), url.into());
    json!({ "fileData": file })
}

fn by_ending(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    Some(
        match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "pdf" => "application/pdf",
            "txt" => "text/plain",
            "mp4" => "video/mp4",
            "mp3" => "audio/mp3",
            "wav" => "audio/wav",
            _ => return None,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_own_parts_are_let_through() {
        let video = json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}});
        assert_eq!(part(&video).unwrap(), Some(video.clone()));
        let typed = json!({"type": "file_data", "fileData": {"fileUri": "files/a"}});
        let want = json!({"fileData": {"fileUri": "files/a"}});
        assert_eq!(part(&typed).unwrap(), Some(want));
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        let message = json!({"content": [{"type": "text", "text": ""}, {"type": "thinking", "thinking": "t"},
            {"type": "refusal", "refusal": "no"}, {"text": "yes"}]});
        assert_eq!(
            content(&message).unwrap(),
            [json!({"text": "no"}), json!({"text": "yes"})]
        );
    }

    #[test]
    fn a_file_without_a_type_is_told_by_its_name() {
        let file = json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/octet-stream;base64,UERG"}});
        let want = json!({"inlineData": {"mimeType": "application/pdf", "data": "UERG"}});
        assert_eq!(part(&file).unwrap(), Some(want));
        let bare = json!({"type": "file", "file": {"file_data": "UERG"}});
        let want = json!({"inlineData": {"mimeType": "application/pdf", "data": "UERG"}});
        assert_eq!(part(&bare).unwrap(), Some(want));
    }
}
