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
        "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM?output_format=mp3_44100_128&enable_logging=false"
    );
    assert_eq!(
        body,
        json!({"text": "Hi", "model_id": "m", "voice_settings": {"speed": 1.1}, "seed": 5})
    );
    assert_eq!(outbound.reply, ReplyMode::Canonical);
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
                .ends_with(&format!("/abcDEF123?output_format={want}")),
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
