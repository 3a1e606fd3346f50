//! Streams of Google's, and of what is heard.

use serde_json::json;

use super::guards::{Open, gathered, through};
use super::streams::unmask;
use super::*;

fn google(parts: Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
    let mut chunk = json!({"modelVersion": "g", "responseId": "r"});
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
        chunk["usageMetadata"] = json!({"totalTokenCount": 3});
    }
    chunk["candidates"] = vec![candidate].into();
    chunk
}

#[test]
fn parts_of_google_keep_their_order() {
    let events = [
        google(json!([{"text": "Hm <N1>. ", "thought": true}]), None),
        google(json!([{"text": "I ask <N"}]), None),
        google(
            json!([{"text": "1>"}, {"functionCall": {"name": "f", "args": {"to": "<N1>"}}, "thoughtSignature": "c2ln"}]),
            None,
        ),
        google(json!([{"text": "and wait"}]), Some("STOP")),
    ];
    let plain = gathered("generate-content", &events);
    assert_eq!(
        gathered(
            "generate-content",
            &through("generate-content", &events, &[1], &mut Open)
        ),
        plain
    );
    for size in 1..5 {
        let out = through("generate-content", &events, &[size], &mut unmask());
        let all = gathered("generate-content", &out);
        assert_eq!(all["0 thought"], "Hm Ada. ");
        assert_eq!(all["0 text"], "I ask Ada|and wait", "{size} {out:?}");
        assert!(all["0 parts"].contains("{\"to\":\"Ada\"}") && all["0 parts"].contains("c2ln"));
        assert_eq!(out[out.len() - 1]["candidates"][0]["finishReason"], "STOP");
    }
}

#[test]
fn what_is_heard_grows_and_is_said_again() {
    let events = [
        json!({"type": "transcript.text.delta", "delta": "Hi <N"}),
        json!({"type": "transcript.text.delta", "delta": "1>"}),
        json!({"type": "transcript.text.done", "text": "Hi <N1>"}),
    ];
    let out = through("audio.transcribe", &events, &[1], &mut unmask());
    assert_eq!(out[out.len() - 1]["text"], "Hi Ada");
    assert!(!json!(out).to_string().contains("<N"));
    let sound = json!({"type": "speech.audio.delta", "audio": "QUJD"});
    let mut stream = Stream::new("audio.speech");
    assert!(stream.take(&sound).is_empty());
    assert_eq!(stream.put(Vec::new()), [sound]);
}
