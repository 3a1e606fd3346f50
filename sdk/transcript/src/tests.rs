use super::*;

fn span(text: &str, start: f64, end: f64, speaker: &str) -> Span {
    Span {
        text: text.into(),
        start,
        end,
        speaker: (!speaker.is_empty()).then(|| speaker.into()),
    }
}

fn sample() -> Transcript {
    let words = vec![
        span("Hi", 0.5, 1.0, "0"),
        span("there.", 1.0, 1.25, "0"),
        span("Yes", 3661.0, 3662.5, "1"),
    ];
    Transcript {
        text: "Hi there. Yes".into(),
        language: Some("en".into()),
        duration_seconds: Some(3662.5),
        segments: segments(&words),
        words,
        extra: Map::new(),
    }
}

#[test]
fn words_make_segments_by_sentence_and_speaker() {
    assert_eq!(
        sample().segments,
        [
            span("Hi there.", 0.5, 1.25, "0"),
            span("Yes", 3661.0, 3662.5, "1")
        ]
    );
}

#[test]
fn subtitles_have_the_times_of_their_format() {
    let (srt, _) = sample().write("srt").unwrap();
    assert_eq!(
        srt,
        "1\n00:00:00,500 --> 00:00:01,250\nHi there.\n\n2\n01:01:01,000 --> 01:01:02,500\nYes\n\n"
    );
    let (vtt, _) = sample().write("vtt").unwrap();
    assert!(vtt.starts_with("WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nHi there.\n\n01:01:01.000"));
}

#[test]
fn json_forms_tell_words_segments_and_seconds() {
    let read = |format: &str| -> Value {
        serde_json::from_str(&sample().write(format).unwrap().0).unwrap()
    };
    let usage = json!({"type": "duration", "seconds": 3662.5});
    assert_eq!(
        read("json"),
        json!({"text": "Hi there. Yes", "usage": usage})
    );
    let verbose = read("verbose_json");
    assert_eq!(
        verbose["words"][0],
        json!({"word": "Hi", "start": 0.5, "end": 1.0, "speaker": "0"})
    );
    assert_eq!(
        (&verbose["segments"][1]["id"], &verbose["language"]),
        (&json!(1), &json!("en"))
    );
    let diarized = read("diarized_json");
    assert_eq!(
        (&diarized["segments"][1]["speaker"], &diarized["usage"]),
        (&json!("1"), &usage)
    );
}

#[test]
fn a_text_without_times_is_one_segment_and_silence_none() {
    let text = Transcript {
        text: "Hi".into(),
        duration_seconds: Some(2.0),
        ..Transcript::default()
    };
    assert_eq!(
        text.write("srt").unwrap().0,
        "1\n00:00:00,000 --> 00:00:02,000\nHi\n\n"
    );
    assert_eq!(Transcript::default().write("vtt").unwrap().0, "WEBVTT\n\n");
    assert_eq!(Transcript::default().write("docx"), None);
    let odd = Transcript {
        segments: vec![span("x", f64::NAN, -1.0, "")],
        ..Transcript::default()
    };
    assert!(
        odd.write("srt")
            .unwrap()
            .0
            .contains("00:00:00,000 --> 00:00:00,000")
    );
}

#[test]
fn a_form_says_its_format_and_what_is_the_providers_own() {
    let form = |value: Value| value.as_object().unwrap().clone();
    for (said, want) in [
        (json!({}), Ok("json")),
        (json!({"response_format": null}), Ok("json")),
        (json!({"response_format": ""}), Ok("json")),
        (json!({"response_format": "vtt"}), Ok("vtt")),
        (json!({"response_format": "docx"}), Err("docx")),
        (json!({"response_format": 5}), Err("json, text, srt")),
    ] {
        let form = form(said);
        match (format(&form), want) {
            (Ok(format), Ok(want)) => assert_eq!(format, want),
            (Err(told), Err(want)) => assert!(told.contains(want), "{told}"),
            (got, want) => panic!("{got:?} is not {want:?}"),
        }
    }
    let form = form(
        json!({"model": "m", "timestamp_granularities[]": "word", "diarize": "true", "seed": null}),
    );
    let all: Vec<(&str, Value)> = own(&form).map(|it| (it.0.as_str(), meant(it.1))).collect();
    assert_eq!(all, [("diarize", json!(true))]);
}
