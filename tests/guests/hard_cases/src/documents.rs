//! Gemini takes images and documents as bytes. With `"media": "inline"` the host fetches what
//! stands by URL, and large payloads, fetched or sent by the client, come as words.

use sluice_sdk::chat::{ChatAnswer, ChatRequest, Media, Message, Part, usage};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault};

pub fn start(call: &Call, request: &ChatRequest) -> Result<Step, Error> {
    let contents: Result<Vec<Value>, Error> = request.messages().map(content).collect();
    let path = format!("/v1beta/models/{}:generateContent", call.model);
    Ok(Outbound::post(path)
        .json(&json!({ "contents": contents? }))
        .send())
}

fn content(message: Message<'_>) -> Result<Value, Error> {
    let parts: Result<Vec<Value>, Error> = message.parts().into_iter().map(part).collect();
    Ok(json!({"role": message.role(), "parts": parts?}))
}

fn part(part: Part<'_>) -> Result<Value, Error> {
    match part {
        Part::Text(text) => Ok(json!({"text": text})),
        Part::Image(Media::Inline { media_type, base64 })
        | Part::File(Media::Inline { media_type, base64 }) => {
            Ok(json!({"inlineData": {"mimeType": media_type, "data": base64}}))
        }
        _ => Err(fault::invalid_request(
            "text, images and documents are taken",
        )),
    }
}

pub fn resume(reply: &Reply) -> Result<Step, Error> {
    let answer = reply.json()?;
    let text = answer.pointer("/candidates/0/content/parts/0/text");
    let text = text.and_then(Value::as_str).unwrap_or_default();
    let count = |name: &str| {
        let counts = answer.get("usageMetadata");
        counts
            .and_then(|it| it.get(name)?.as_u64())
            .unwrap_or_default()
    };
    let used = usage(count("promptTokenCount"), count("candidatesTokenCount"));
    Ok(ChatAnswer::new().content(text).usage(used).respond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call;
    use sluice_sdk::Body;

    /// The host's part: the image at its URL was fetched, and both payloads are words.
    #[test]
    fn an_image_by_url_and_a_pdf_of_20_mb_go_through_as_two_words() {
        let words = ["0", "1"].map(|digit| format!("sluice-media-{}", digit.repeat(32)));
        let [image, pdf] = &words;
        let body = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "compare"},
            {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{image}")}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{pdf}")}}
        ]}]});
        let request = ChatRequest::parse(&body.to_string()).unwrap();
        let Ok(Step::Send(Outbound {
            body: Body::Json(sent),
            ..
        })) = start(&call("case-documents", "chat"), &request)
        else {
            panic!()
        };
        assert!(sent.len() < 500, "the plugin holds no payload");
        // The host puts 20 MB of base64 in the word's place while it sends.
        let payload = "QUJD".repeat(5 << 20);
        let whole: Value = sluice_sdk::serde_json::from_str(&sent.replace(pdf, &payload)).unwrap();
        let parts = &whole["contents"][0]["parts"];
        assert_eq!(parts[1]["inlineData"]["data"], json!(image));
        assert_eq!(parts[2]["inlineData"]["mimeType"], "application/pdf");
        assert_eq!(parts[2]["inlineData"]["data"], json!(payload));
    }
}
