//! Speech to text: `generateContent` of the models that transcribe
//! (ai.google.dev/gemini-api/docs/generate-content/transcribe). Other models answer a sound, and
//! do not write it down.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Payload, Reply, Response, parse_state, write_json};
use sluice_transcript::{Span, Transcript};

use super::edits::mime;
use crate::gemini::{errors, usage};
use crate::uploads;

/// What the models cannot be told.
pub const UNSUPPORTED: [&str; 7] = [
    "chunking_strategy",
    "include",
    "include[]",
    "known_speaker_names",
    "known_speaker_references",
    "prompt",
    "temperature",
];

/// Options of Google's own, under LiteLLM's names and Google's.
const OPTIONS: [(&str, &str); 2] = [("custom_vocabulary", "customVocabulary"), ("mode", "mode")];

/// Whether a model writes down what it hears in one request. The live ones do so in a session.
pub fn transcribes(model: &str) -> bool {
    model.contains("transcribe") && !model.contains("live")
}

/// How a request wants to be answered.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub format: String,
    pub language: Option<String>,
}

impl Asked {
    /// Reads `response_format` and `language`.
    pub fn of(body: &Map<String, Value>) -> Result<Self, Error> {
        let given = |name: &str| body.get(name).filter(|it| !it.is_null() && **it != "");
        let format = sluice_transcript::format(body).map_err(fault::invalid_request)?;
        let language = given("language").and_then(Value::as_str);
        Ok(Self {
            format: format.to_owned(),
            language: language.map(str::to_owned),
        })
    }

    /// Whether times of words are needed.
    pub fn wants_times(&self, body: &Map<String, Value>) -> bool {
        let words = body.get("timestamp_granularities");
        let words = words.and_then(Value::as_array);
        let asked = words.is_some_and(|it| it.contains(&"word".into()));
        asked || matches!(self.format.as_str(), "srt" | "vtt" | "diarized_json")
    }

    /// The transcript as the client wants it. Tokens are told where the provider counts them, else
    /// the seconds.
    pub fn answer(
        &self,
        mut transcript: Transcript,
        tokens: Option<&Value>,
    ) -> Result<Response, Error> {
        if let Some(tokens) = tokens {
            transcript.extra.insert("usage".into(), tokens.clone());
        }
        let seconds = transcript.usage();
        let (body, content_type) = transcript
            .write(&self.format)
            .ok_or_else(|| fault::internal("an unknown format"))?;
        Ok(Response {
            body: Payload::Text(body),
            content_type: Some(content_type.to_owned()),
            headers: Vec::new(),
            usage: tokens.or(seconds.as_ref()).map(write_json),
        })
    }
}

/// A language as Google names it, with its country: clients of OpenAI's give it without.
pub fn language(word: &str) -> String {
    const COUNTRIES: [(&str, &str); 21] = [
        ("ar", "EG"),
        ("cs", "CZ"),
        ("da", "DK"),
        ("de", "DE"),
        ("en", "US"),
        ("es", "ES"),
        ("fi", "FI"),
        ("fr", "FR"),
        ("hi", "IN"),
        ("id", "ID"),
        ("it", "IT"),
        ("ja", "JP"),
        ("ko", "KR"),
        ("nl", "NL"),
        ("pl", "PL"),
        ("pt", "BR"),
        ("ru", "RU"),
        ("sv", "SE"),
        ("tr", "TR"),
        ("uk", "UA"),
        ("zh", "CN"),
    ];
    let lower = word.to_ascii_lowercase();
    let known = COUNTRIES.iter().find(|(name, _)| *name == lower);
    known.map_or_else(
        || word.to_owned(),
        |(name, country)| format!("{name}-{country}"),
    )
}

/// The sound of a request in base64, and what it is.
pub fn sound(call: &Call) -> Result<(String, String), Error> {
    let file = call.files.iter().find(|it| it.field == "file");
    let file =
        file.ok_or_else(|| fault::invalid_request("`file` is missing: the sound to transcribe"))?;
    Ok((uploads::base64(file)?, mime(file, "audio/wav")))
}

/// The body, and the state for [`answer`].
pub fn request(call: &Call, body: &Map<String, Value>) -> Result<(Value, String), Error> {
    let asked = Asked::of(body)?;
    let (data, kind) = sound(call)?;
    let mut config = Map::new();
    if let Some(word) = &asked.language {
        config.insert("languageCodes".into(), json!([language(word)]));
    }
    if asked.wants_times(body) {
        config.insert("wordTimestamp".into(), true.into());
    }
    if asked.format == "diarized_json" {
        config.insert("diarization".into(), true.into());
    }
    for (name, own) in OPTIONS {
        if let Some(value) = body.get(name).or_else(|| body.get(own)) {
            config.insert(own.to_owned(), value.clone());
        }
    }
    let sent = json!({
        "contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": kind, "data": data}}]}],
        "generationConfig": {"audioTranscriptionConfig": config}
    });
    Ok((sent, write_json(&asked)))
}

/// What was heard.
pub fn answer(reply: &Reply) -> Result<Response, Error> {
    let asked: Asked = parse_state(&reply.state)?;
    let answer = reply.json()?;
    if let Some(error) = errors::find(&answer) {
        return Err(errors::of(error));
    }
    let mut transcript = Transcript {
        language: asked.language.clone(),
        ..Transcript::default()
    };
    let parts = answer.pointer("/candidates/0/content/parts");
    let parts = parts.and_then(Value::as_array);
    let mut texts = Vec::new();
    for part in parts.into_iter().flatten() {
        // Times and speakers come in a member of their own.
        let heard = part.get("audioTranscription").unwrap_or(part);
        texts.extend(heard.get("text").and_then(Value::as_str));
        let speaker = heard.get("speakerLabel").and_then(Value::as_str);
        let words = heard.get("words").and_then(Value::as_array);
        let words = words.into_iter().flatten();
        transcript.words.extend(words.map(|it| span(it, speaker)));
    }
    if let Some(error) = stopped(&answer) {
        return Err(error);
    }
    transcript.text = texts.join(" ").trim().to_owned();
    transcript.segments = sluice_transcript::segments(&transcript.words);
    let tokens = answer.get("usageMetadata").map(tokens);
    asked.answer(transcript, tokens.as_ref())
}

/// A word of Google's with its times, which are texts like `1.500s`.
pub fn span(word: &Value, speaker: Option<&str>) -> Span {
    let text = |name: &str| word.get(name).and_then(Value::as_str);
    let speaker = text("speakerLabel").or(speaker);
    Span {
        text: text("word").unwrap_or_default().to_owned(),
        start: text("startOffset").and_then(seconds).unwrap_or(0.0),
        end: text("endOffset").and_then(seconds).unwrap_or(0.0),
        speaker: speaker.filter(|it| !it.is_empty()).map(str::to_owned),
    }
}

/// Of `1.500s`.
pub fn seconds(text: &str) -> Option<f64> {
    let number = text.strip_suffix('s')?.parse::<f64>().ok()?;
    Some(number).filter(|it| it.is_finite() && *it >= 0.0)
}

/// Why an answer is no transcript. A sound without words is one without words.
fn stopped(answer: &Value) -> Option<Error> {
    let word = |place: &str| answer.pointer(place).and_then(Value::as_str);
    if let Some(why) = word("/promptFeedback/blockReason") {
        let message = format!("the sound was refused: {why}");
        return Some(fault::error(kind::CONTENT_POLICY, message));
    }
    if answer.pointer("/candidates/0").is_none() {
        return Some(fault::upstream("the provider's answer has no transcript"));
    }
    // A part would be taken for the whole.
    match word("/candidates/0/finishReason").unwrap_or("STOP") {
        "MAX_TOKENS" => Some(fault::error(
            kind::CONTEXT_WINDOW,
            "the sound is longer than the model writes down: its transcript was cut off",
        )),
        "STOP" => None,
        why => {
            let message = format!("the sound was refused: {why}");
            Some(fault::error(kind::CONTENT_POLICY, message))
        }
    }
}

/// As OpenAI's transcripts tell tokens.
fn tokens(counted: &Value) -> Value {
    let whole = usage::canonical(counted);
    let mut details = whole
        .get("prompt_tokens_details")
        .cloned()
        .unwrap_or_default();
    if counted.get("promptTokensDetails").is_none() {
        // Nothing but a sound was sent.
        details["audio_tokens"] = whole.get("prompt_tokens").cloned().unwrap_or_default();
    }
    json!({"type": "tokens", "input_tokens": whole.get("prompt_tokens"),
        "output_tokens": whole.get("completion_tokens"), "total_tokens": whole.get("total_tokens"),
        "input_token_details": details})
}
