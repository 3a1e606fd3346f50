use proptest::prelude::*;

use super::*;

const MAX: usize = 1 << 20;

fn cut(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<Frame>, FramingError> {
    let mut splitter = Splitter::new(framing, MAX);
    let mut frames = Vec::new();
    for piece in pieces {
        splitter.push(piece, &mut frames)?;
    }
    splitter.finish(&mut frames)?;
    Ok(frames)
}

fn frame(event: &str, data: &str) -> Frame {
    Frame {
        event: event.into(),
        data: data.into(),
    }
}

#[test]
fn events_are_cut_whatever_ends_their_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "\u{feff}: hi\nevent: a\ndata: 1\n\ndata:2\ndata: 3\nevent: b\nid: 4\n\ndata: [DONE]\n\ndata: late\n\n";
        let text = text.replace('\n', end);
        let frames = cut(Framing::Sse, &[text.as_bytes()]).unwrap();
        assert_eq!(frames, [frame("a", "1"), frame("b", "2\n3")], "{end:?}");
    }
}

#[test]
fn the_last_event_needs_no_blank_line() {
    assert_eq!(
        cut(Framing::Sse, &[b"data: 1\n\ndata: 2"]).unwrap(),
        [frame("", "1"), frame("", "2")]
    );
}

/// A line of this length was recorded (groq). Looked through anew for every piece it would take
/// minutes.
#[test]
fn a_long_line_is_read_byte_by_byte() {
    let text = format!("data: {}\r\n\r\ndata: 2\n\n", "x".repeat(462_738));
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    let frames = cut(Framing::Sse, &pieces).unwrap();
    assert_eq!(frames, cut(Framing::Sse, &[text.as_bytes()]).unwrap());
    assert_eq!(frames.len(), 2);
}

#[test]
fn an_error_field_is_an_error_event() {
    let frames = cut(Framing::Sse, &[b"data: 1\n\nerror: {\"code\":500}\n\n"]).unwrap();
    assert_eq!(frames, [frame("", "1"), frame("error", "{\"code\":500}")]);
}

#[test]
fn array_elements_are_frames_and_an_object_is_one() {
    let text = br#" [ {"a":"]}\"["} ,
        {"b":[1,{"c":2}]}, 7, "x", [8] ] "#;
    let frames = cut(Framing::JsonArray, &[text]).unwrap();
    let want = [
        r#"{"a":"]}\"["}"#,
        r#"{"b":[1,{"c":2}]}"#,
        "7",
        "\"x\"",
        "[8]",
    ];
    assert_eq!(frames, want.map(|data| frame("", data)));
    assert_eq!(
        cut(Framing::JsonArray, &[b" {\"error\":1} "]).unwrap(),
        [frame("", "{\"error\":1}")]
    );
    assert_eq!(
        cut(Framing::JsonArray, &[b"[{\"a\":1},"]),
        Err(FramingError::CutOff)
    );
}

#[test]
fn a_frame_over_the_limit_is_refused() {
    for framing in [
        Framing::Sse,
        Framing::Lines,
        Framing::JsonArray,
        Framing::Whole,
    ] {
        let mut splitter = Splitter::new(framing, 64);
        let piece = format!("[\"{}", "x".repeat(100));
        assert_eq!(
            splitter.push(piece.as_bytes(), &mut Vec::new()),
            Err(FramingError::TooLong(64)),
            "{framing:?}"
        );
    }
}

fn message(event: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = vec![11];
    headers.extend(b":event-type");
    headers.extend([7, 0, event.len() as u8]);
    headers.extend(event.as_bytes());
    let total = 16 + headers.len() + payload.len();
    let mut bytes = (total as u32).to_be_bytes().to_vec();
    bytes.extend((headers.len() as u32).to_be_bytes());
    bytes.extend(aws::crc32(&bytes).to_be_bytes());
    bytes.extend(&headers);
    bytes.extend(payload);
    bytes.extend(aws::crc32(&bytes).to_be_bytes());
    bytes
}

#[test]
fn a_damaged_aws_message_is_refused() {
    assert_eq!(aws::crc32(b"123456789"), 0xcbf4_3926);
    let good = message("chunk", b"{}");
    assert_eq!(cut(Framing::Aws, &[&good]).unwrap(), [frame("chunk", "{}")]);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(cut(Framing::Aws, &[&bad]).is_err(), "byte {at}");
    }
    assert_eq!(
        cut(Framing::Aws, &[&good[..good.len() - 1]]),
        Err(FramingError::CutOff)
    );
}

fn samples() -> Vec<(Framing, Vec<u8>)> {
    let sse = "data: {\"a\":\"é\"}\r\n\r\n: c\r\nevent: x\r\ndata: 1\ndata: 2\n\n\rdata:3\r\rerror: e\n\ndata: [DONE]\n\n";
    let lines = "{\"a\":1}\r\n\n {\"b\":2}\n{\"c\":\"\\n\"}";
    let array = r#"[{"a":"\"]"},[1,[2]],{"b":{"c":"}"}},3,"s" ]"#;
    let mut aws = message("messageStart", b"{\"role\":1}");
    aws.extend(message("chunk", b""));
    vec![
        (Framing::Sse, sse.as_bytes().to_vec()),
        (Framing::Lines, lines.as_bytes().to_vec()),
        (Framing::JsonArray, array.as_bytes().to_vec()),
        (Framing::JsonArray, b" {\"one\": [1]}".to_vec()),
        (Framing::Aws, aws),
    ]
}

proptest! {
    #[test]
    fn the_same_bytes_give_the_same_frames_at_any_cut(which in 0usize..5, cuts in proptest::collection::vec(0usize..120, 0..12)) {
        let (framing, bytes) = samples().swap_remove(which);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for at in cuts {
            pieces.push(&bytes[from..at]);
            from = at;
        }
        pieces.push(&bytes[from..]);
        prop_assert_eq!(cut(framing, &pieces).unwrap(), cut(framing, &[&bytes]).unwrap());
    }
}
