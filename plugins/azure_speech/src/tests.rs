//! What is sent: nothing was recorded of Azure's speech service.

use sluice_sdk::serde_json::{self, json};
use sluice_sdk::testing;

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<AzureSpeech>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn sent(base: Option<&str>, config: Value, body: Value) -> Result<(String, String), Error> {
    let call = Call {
        id: "t".into(),
        operation: "audio.speech".into(),
        provider: "azure_speech".into(),
        model: "tts".into(),
        streaming: false,
        config: config.to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: json!({ "base_url": base }).to_string(),
    };
    match AzureSpeech::start(&call, &body.to_string())? {
        Step::Send(Outbound {
            url,
            body: Body::Raw(Payload::Text(text)),
            ..
        }) => Ok((url, text)),
        other => panic!("{other:?}"),
    }
}

fn spoken(body: Value) -> Result<String, Error> {
    sent(Some("https://own.test"), json!({}), body).map(|it| it.1)
}

#[test]
fn the_address_is_the_regions_or_the_deployments() {
    let speech = "https://westeurope.tts.speech.microsoft.com/cognitiveservices/v1";
    for (base, want) in [
        (None, speech),
        (
            Some("https://westeurope.api.cognitive.microsoft.com/"),
            speech,
        ),
        (Some("https://own.test"), "/cognitiveservices/v1"),
        (Some(speech), speech),
    ] {
        let config = json!({"azure_speech_region": "westeurope"});
        assert_eq!(sent(base, config, json!({"input": "x"})).unwrap().0, want);
    }
    for region in [Value::Null, json!("evil.test/")] {
        let config = json!({ "azure_speech_region": region });
        let error = sent(None, config, json!({"input": "x"})).unwrap_err();
        assert!(
            error.message.contains("azure_speech_region"),
            "{}",
            error.message
        );
    }
}

#[test]
fn a_text_cannot_leave_its_place() {
    let text = spoken(json!({"input": "a < b & 'c'", "voice": {"id": "de-DE-KatjaNeural"}, "speed": 1.5, "style": "sad' x='1"})).unwrap();
    assert!(
        text.contains("<voice name='de-DE-KatjaNeural' xml:lang='de-DE'>"),
        "{text}"
    );
    let inner = "<mstts:express-as style='sad&apos; x=&apos;1'><prosody rate='+50%'>a &lt; b &amp; &apos;c&apos;</prosody></mstts:express-as>";
    assert!(text.contains(inner), "{text}");
    let own = "<speak>Hi</speak>";
    assert_eq!(spoken(json!({"input": own})).unwrap(), own);
}

#[test]
fn what_cannot_be_spoken_is_refused() {
    for (body, says) in [
        (json!({}), "`input`"),
        (json!({"input": "x", "speed": 9}), "`speed`"),
        (json!({"input": "x", "response_format": "aac"}), "`aac`"),
    ] {
        let error = spoken(body).unwrap_err();
        assert!(error.message.contains(says), "{}", error.message);
    }
    let format = json!({"response_format": "audio-16khz-32kbitrate-mono-mp3"});
    assert!(super::format(format.as_object().unwrap()).is_ok());
}
