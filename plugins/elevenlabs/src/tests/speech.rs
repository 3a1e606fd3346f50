//! Text to speech.

use super::*;

#[test]
fn speech_has_its_voice_format_and_speed() {
    let (outbound, body) = spoken(
        json!({"input": "Hi", "voice": "Alloy", "speed": 1.1, "seed": 5, "enable_logging": false}),
    )
    .unwrap();
    assert_eq!(
        outbound.url,
        "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/stream?output_format=mp3_44100_128&enable_logging=false"
    );
    assert_eq!(
        body,
        json!({"text": "Hi", "model_id": "m", "voice_settings": {"speed": 1.1}, "seed": 5})
    );
    assert_eq!(
        (outbound.reply, &outbound.options),
        (
            ReplyMode::Frames,
            &vec![("framing".to_owned(), "\"raw\"".to_owned())]
        )
    );
    for (format, want) in [
        ("opus", "opus_48000_128"),
        ("pcm", "pcm_24000"),
        ("wav", "wav_24000"),
        ("ulaw_8000", "ulaw_8000"),
    ] {
        let (outbound, _) =
            spoken(json!({"input": "Hi", "voice": {"id": "abcDEF123"}, "response_format": format}))
                .unwrap();
        assert!(
            outbound
                .url
                .ends_with(&format!("/abcDEF123/stream?output_format={want}")),
            "{}",
            outbound.url
        );
    }
}

#[test]
fn speech_that_cannot_be_made_is_refused() {
    for (body, kind) in [
        (
            json!({"input": "", "voice": "alloy"}),
            fault::kind::INVALID_REQUEST,
        ),
        (json!({"input": "x"}), fault::kind::INVALID_REQUEST),
        (
            json!({"input": "x", "voice": "../../v1/user"}),
            fault::kind::INVALID_REQUEST,
        ),
        (
            json!({"input": "x", "voice": "alloy", "response_format": "aac"}),
            fault::kind::UNSUPPORTED,
        ),
        (
            json!({"input": "x", "voice": "alloy", "response_format": "a&b_c"}),
            fault::kind::UNSUPPORTED,
        ),
        (
            json!({"input": "x", "voice": "alloy", "stream_format": "sse"}),
            fault::kind::UNSUPPORTED,
        ),
        (
            json!({"input": "x", "voice": "alloy", "speed": 1, "voice_settings": 5}),
            fault::kind::INVALID_REQUEST,
        ),
        (
            json!({"input": "x", "voice": "alloy", "enable_logging": "a&b"}),
            fault::kind::INVALID_REQUEST,
        ),
    ] {
        assert_eq!(spoken(body.clone()).unwrap_err().kind, kind, "{body}");
    }
}

fn head(kind: &str) -> Option<Head> {
    Some(Head {
        status: 200,
        headers: vec![
            ("Content-Type".into(), kind.into()),
            ("Character-Cost".into(), "4".into()),
        ],
    })
}

#[test]
fn sound_is_relayed_as_it_comes_and_its_characters_are_counted() {
    let state = spoken(json!({"input": "Hé!", "voice": "alloy"}))
        .unwrap()
        .0
        .state;
    let sound = Frame {
        event: String::new(),
        data: Payload::Bytes(vec![0xff, 0xfb]),
    };
    let plain = ElevenLabs::decode(None, state.clone(), vec![sound.clone()], true).unwrap();
    assert_eq!(plain.usage.as_deref(), Some("{\"characters\":3}"));
    let first = ElevenLabs::decode(head("audio/mpeg"), state, vec![sound.clone()], false).unwrap();
    assert_eq!(first.events, std::slice::from_ref(&sound));
    let last = ElevenLabs::decode(None, first.state, Vec::new(), true).unwrap();
    assert_eq!(
        (last.next, last.failure, last.usage.as_deref()),
        (Continuation::Done, None, Some("{\"characters\":4}"))
    );
}

#[test]
fn no_sound_is_the_providers_failure() {
    let nothing = ElevenLabs::decode(head("audio/mpeg"), String::new(), Vec::new(), true).unwrap();
    assert_eq!(nothing.failure.unwrap().kind, fault::kind::UPSTREAM);
    let document = Frame {
        event: String::new(),
        data: Payload::Text("{\"detail\":\"no\"}".into()),
    };
    let failure = ElevenLabs::decode(
        head("application/json"),
        String::new(),
        vec![document],
        false,
    )
    .unwrap()
    .failure;
    assert_eq!(failure.unwrap().message, "no");
}
