//! Embeddings. OpenAI's own clients ask for base64 unless told otherwise, which most other
//! providers do not know: their lists are then packed here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply, fault};

use crate::errors;
use crate::object::{Object, items, list, quoted};

/// Whether the client wants base64.
pub fn wants_base64(body: &str) -> bool {
    let body = Object::parse(body);
    body.is_some_and(|it| it.text("encoding_format").as_deref() == Some("base64"))
}

/// The answer with every vector as base64 of little-endian 32-bit floats.
pub fn packed(reply: &Reply) -> Result<String, Error> {
    let raw = reply
        .text()
        .ok_or_else(|| fault::upstream("the provider's answer is not text"))?;
    let mut answer = Object::parse(raw)
        .ok_or_else(|| fault::upstream("the provider's answer is no JSON object"))?;
    if let Some(error) = errors::in_answer(&answer) {
        return Err(error);
    }
    let data = answer
        .get("data")
        .and_then(items)
        .ok_or_else(|| fault::upstream("the provider's answer has no `data`"))?;
    let data: Vec<String> = data.into_iter().map(packed_item).collect();
    let data = list(&data);
    answer.set("data", data);
    Ok(answer.write())
}

fn packed_item(raw: &str) -> String {
    let pack = |raw: &str| {
        let mut item = Object::parse(raw)?;
        let vector = item.value("embedding")?;
        let bytes: Vec<u8> = vector
            .as_array()?
            .iter()
            .filter_map(Value::as_f64)
            .flat_map(|number| (number as f32).to_le_bytes())
            .collect();
        item.set("embedding", quoted(&STANDARD.encode(bytes)));
        Some(item.write())
    };
    pack(raw).unwrap_or_else(|| raw.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::Payload;

    #[test]
    fn vectors_are_packed_and_text_is_left() {
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: Payload::Text(r#"{"data":[{"index":0,"embedding":[1.0,-2]},{"index":1,"embedding":"AAAA"}],"usage":{}}"#.into()),
            state: String::new(),
        };
        let want = r#"{"data":[{"index":0,"embedding":"AACAPwAAAMA="},{"index":1,"embedding":"AAAA"}],"usage":{}}"#;
        assert_eq!(packed(&reply).unwrap(), want);
    }
}
