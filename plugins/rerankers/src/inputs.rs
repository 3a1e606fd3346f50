//! What is to be embedded, as clients write it: texts, images by address or as data, and both.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Error, fault};

/// The inputs as a list; one that stands alone is a list of one.
pub fn list(body: &Map<String, Value>) -> Result<&[Value], Error> {
    let list = match body.get("input") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let tokens = |it: &Value| it.is_number() || it.get(0).is_some_and(Value::is_number);
    if list.is_empty() {
        return Err(fault::invalid_request(
            "`input` is missing, or an empty list",
        ));
    }
    if list.iter().any(tokens) {
        return Err(fault::unsupported(
            "`input` is numbers of tokens, which are not understood: give the text",
        ));
    }
    Ok(list)
}

/// A piece of an input.
pub enum Piece<'b> {
    Text(&'b str),
    /// A data URI, or an address.
    Image(&'b str),
    /// The provider's own form.
    Own(&'b Value),
}

/// The pieces of one input.
pub fn pieces(input: &Value) -> Vec<Piece<'_>> {
    if let Some(parts) = input.get("content").and_then(Value::as_array) {
        return parts.iter().flat_map(pieces).collect();
    }
    let member = |name: &str| input.get(name).and_then(Value::as_str);
    let url = input.pointer("/image_url/url").and_then(Value::as_str);
    match input.as_str() {
        Some(text) if is_image(text) => vec![Piece::Image(text)],
        Some(text) => vec![Piece::Text(text)],
        None => {
            let image = member("image")
                .or(url)
                .or(member("image_url"))
                .or(member("image_base64"));
            let text = member("text").map(Piece::Text).into_iter();
            let found: Vec<Piece> = text.chain(image.map(Piece::Image)).collect();
            if found.is_empty() {
                vec![Piece::Own(input)]
            } else {
                found
            }
        }
    }
}

pub fn is_image(text: &str) -> bool {
    text.starts_with("data:image/")
}
