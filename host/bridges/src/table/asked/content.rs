//! What turns say.

use crate::table::{
    Carried, Dropped, Feature, Gemini, Messages, Refused, Responses, cell, feature,
};

pub const ROWS: &[Feature] = &[
    feature(
        "system prompt",
        &[
            cell(
                Messages,
                Carried,
                r#"{"system": [{"type": "text", "text": "s"}]}"#,
                r#"{"/messages/0": {"role": "system", "content": "s"}}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"instructions": "s"}"#,
                r#"{"/messages/0": {"role": "system", "content": "s"}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"systemInstruction": {"parts": [{"text": "s"}]}}"#,
                r#"{"/messages/0": {"role": "system", "content": "s"}}"#,
            ),
        ],
        "",
    ),
    feature(
        "images, inline and by address",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}}, {"type": "image", "source": {"type": "url", "url": "https://e.test/a.png"}}]}]}"#,
                r#"{"/messages/0/content/0/image_url/url": "data:image/png;base64,QQ==", "/messages/0/content/1/image_url/url": "https://e.test/a.png"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://e.test/a.png"}, {"type": "input_image", "image_url": "data:image/png;base64,QQ=="}]}]}"#,
                r#"{"/messages/0/content/0/image_url/url": "https://e.test/a.png", "/messages/0/content/1/image_url/url": "data:image/png;base64,QQ=="}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "QQ=="}}, {"fileData": {"mimeType": "image/png", "fileUri": "https://e.test/a.png"}}]}]}"#,
                r#"{"/messages/0/content/0/image_url/url": "data:image/png;base64,QQ==", "/messages/0/content/1/image_url/url": "https://e.test/a.png"}"#,
            ),
        ],
        "",
    ),
    feature(
        "documents",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}}]}]}"#,
                r#"{"/messages/0/content/0/file/file_data": "data:application/pdf;base64,QQ=="}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="}]}]}"#,
                r#"{"/messages/0/content/0/file/file_data": "data:application/pdf;base64,QQ=="}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "application/pdf", "data": "QQ=="}}]}]}"#,
                r#"{"/messages/0/content/0/file/file_data": "data:application/pdf;base64,QQ=="}"#,
            ),
        ],
        "plain text as text",
    ),
    feature(
        "files uploaded to the dialect's own provider",
        &[
            cell(
                Messages,
                Refused,
                r#"{"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]}"#,
                "messages.0.content.0",
            ),
            cell(
                Responses,
                Refused,
                r#"{"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}"#,
                "input[0].content[0]",
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"fileData": {"fileUri": "files/a"}}]}]}"#,
                r#"{"/messages/0/content/0/file/file_id": "files/a"}"#,
            ),
        ],
        "Google's addresses go on: the provider may be Google",
    ),
    feature(
        "audio",
        &[
            cell(
                Responses,
                Carried,
                r#"{"input": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}]}]}"#,
                r#"{"/messages/0/content/0/input_audio": {"data": "QQ==", "format": "wav"}}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"parts": [{"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}}]}]}"#,
                r#"{"/messages/0/content/0/input_audio": {"data": "QQ==", "format": "wav"}}"#,
            ),
        ],
        "",
    ),
    feature(
        "thoughts of earlier turns",
        &[
            cell(
                Messages,
                Carried,
                r#"{"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "S"}, {"type": "text", "text": "x"}]}, {"role": "user", "content": "y"}]}"#,
                r#"{"/messages/0/reasoning_content": "t"}"#,
            ),
            cell(
                Responses,
                Carried,
                r#"{"input": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]}"#,
                r#"{"/messages/0/reasoning_content": "t"}"#,
            ),
            cell(
                Gemini,
                Carried,
                r#"{"contents": [{"role": "model", "parts": [{"text": "t", "thought": true}, {"text": "x"}]}, {"role": "user", "parts": [{"text": "y"}]}]}"#,
                r#"{"/messages/0/reasoning_content": "t"}"#,
            ),
        ],
        "signatures of every provider travel through the client and come back to it",
    ),
    feature(
        "thoughts sealed by another provider",
        &[cell(
            Responses,
            Dropped,
            r#"{"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}, {"role": "user", "content": "y"}]}"#,
            "input[0]",
        )],
        "",
    ),
];
