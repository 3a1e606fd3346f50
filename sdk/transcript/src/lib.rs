//! A transcript in the formats that OpenAI's clients ask for.
//!
//! Services of transcription answer words with times, each in a form of its own; clients ask for
//! `json`, `text`, `srt`, `vtt`, `verbose_json` or `diarized_json`. A plugin fills a [`Transcript`]
//! and writes it. Nothing here knows a service.
//!
//! ```
//! use sluice_transcript::Transcript;
//!
//! let transcript = Transcript { text: "Hi.".into(), ..Transcript::default() };
//! assert_eq!(transcript.write("text").unwrap(), ("Hi.\n".into(), "text/plain; charset=utf-8"));
//! ```
#![deny(missing_docs)]

use serde_json::{Map, Value, json};

/// What was said.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Transcript {
    /// All of it.
    pub text: String,
    /// The language that was asked for or heard.
    pub language: Option<String>,
    /// How long the sound is.
    pub duration_seconds: Option<f64>,
    /// In order; empty if there are no times.
    pub words: Vec<Span>,
    /// In order: sentences, or turns of a speaker.
    pub segments: Vec<Span>,
    /// Members of the provider's own, told with every JSON form.
    pub extra: Map<String, Value>,
}

/// A word or a segment.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Span {
    /// The words.
    pub text: String,
    /// Seconds from the beginning of the sound.
    pub start: f64,
    /// Seconds from the beginning of the sound.
    pub end: f64,
    /// Who said it.
    pub speaker: Option<String>,
}

/// The formats there are.
pub const FORMATS: [&str; 6] = [
    "json",
    "text",
    "srt",
    "vtt",
    "verbose_json",
    "diarized_json",
];

/// Members of a form with a sound that are read in every plugin, or are the gateway's. Any other is
/// the provider's own.
pub const MEMBERS: [&str; 8] = [
    "file",
    "language",
    "metadata",
    "model",
    "response_format",
    "timestamp_granularities",
    "timestamp_granularities[]",
    "user",
];

/// The members of a form that are for the provider alone, with their values.
pub fn own(form: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    form.iter()
        .filter(|(name, value)| !MEMBERS.contains(&name.as_str()) && !value.is_null())
}

/// The format that a form asks for: `json` where it says nothing.
///
/// # Errors
/// What is to be told to a client whose `response_format` is none of [`FORMATS`].
pub fn format(form: &Map<String, Value>) -> Result<&str, String> {
    let given = form.get("response_format");
    let given = given.filter(|it| !it.is_null() && **it != "");
    let asked = given
        .map_or(Some("json"), Value::as_str)
        .unwrap_or_default();
    if FORMATS.contains(&asked) {
        return Ok(asked);
    }
    let all = FORMATS.join(", ");
    Err(format!("`response_format` is `{asked}`: it is {all}"))
}

/// A field of a form as it is meant: they are texts, and `true` and `false` are what they say.
pub fn meant(value: &Value) -> Value {
    match value.as_str() {
        Some("true") => true.into(),
        Some("false") => false.into(),
        _ => value.clone(),
    }
}

impl Transcript {
    /// The body in this format, and its content type; none for a format that is not in [`FORMATS`].
    pub fn write(&self, format: &str) -> Option<(String, &'static str)> {
        const TEXT: &str = "text/plain; charset=utf-8";
        Some(match format {
            "json" => (self.json(Map::new()).to_string(), "application/json"),
            "verbose_json" => (self.verbose().to_string(), "application/json"),
            "diarized_json" => (self.diarized().to_string(), "application/json"),
            "text" => (format!("{}\n", self.text), TEXT),
            "srt" => (self.subtitles(","), TEXT),
            "vtt" => (format!("WEBVTT\n\n{}", self.subtitles(".")), TEXT),
            _ => return None,
        })
    }

    /// The canonical usage object: seconds, if they are known.
    pub fn usage(&self) -> Option<Value> {
        let seconds = self.duration_seconds?;
        Some(json!({"type": "duration", "seconds": seconds}))
    }

    fn json(&self, more: Map<String, Value>) -> Value {
        let mut body = Map::new();
        body.insert("text".into(), self.text.clone().into());
        body.extend(more);
        for (name, value) in &self.extra {
            body.entry(name.clone()).or_insert_with(|| value.clone());
        }
        body.extend(self.usage().map(|usage| ("usage".to_owned(), usage)));
        body.into()
    }

    fn verbose(&self) -> Value {
        let mut body = Map::new();
        body.insert("task".into(), "transcribe".into());
        body.insert("language".into(), self.language.clone().into());
        body.insert("duration".into(), self.duration_seconds.into());
        let words: Vec<Value> = self.words.iter().map(word).collect();
        if !words.is_empty() {
            body.insert("words".into(), words.into());
        }
        let segments: Vec<Value> = self.spoken().iter().enumerate().map(segment).collect();
        body.insert("segments".into(), segments.into());
        self.json(body)
    }

    fn diarized(&self) -> Value {
        let segment = |(at, it): (usize, &Span)| {
            json!({"type": "transcript.text.segment", "id": format!("seg_{at:03}"),
                "speaker": it.speaker.as_deref().unwrap_or("A"), "text": it.text, "start": it.start, "end": it.end})
        };
        let segments: Vec<Value> = self.spoken().iter().enumerate().map(segment).collect();
        let mut body = Map::new();
        body.insert("task".into(), "transcribe".into());
        body.insert("duration".into(), self.duration_seconds.into());
        body.insert("segments".into(), segments.into());
        self.json(body)
    }

    /// The segments, or the whole as one.
    fn spoken(&self) -> Vec<Span> {
        if !self.segments.is_empty() || self.text.is_empty() {
            return self.segments.clone();
        }
        let end = self.words.last().map(|it| it.end).or(self.duration_seconds);
        let start = self.words.first().map_or(0.0, |it| it.start);
        vec![Span {
            text: self.text.clone(),
            start,
            end: end.unwrap_or(start),
            speaker: None,
        }]
    }

    fn subtitles(&self, point: &str) -> String {
        let cue = |(at, it): (usize, &Span)| {
            // WebVTT needs no numbers, SRT does.
            let number = if point == "," {
                format!("{}\n", at + 1)
            } else {
                String::new()
            };
            format!(
                "{number}{} --> {}\n{}\n\n",
                time(it.start, point),
                time(it.end, point),
                it.text.trim()
            )
        };
        self.spoken().iter().enumerate().map(cue).collect()
    }
}

fn word(word: &Span) -> Value {
    with_speaker(
        json!({"word": word.text, "start": word.start, "end": word.end}),
        word,
    )
}

/// Typed clients insist on all of Whisper's members; those that nobody measured are zero.
fn segment((at, it): (usize, &Span)) -> Value {
    let segment = json!({"id": at, "seek": 0, "start": it.start, "end": it.end, "text": it.text, "tokens": [],
        "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 0.0, "no_speech_prob": 0.0});
    with_speaker(segment, it)
}

fn with_speaker(mut value: Value, span: &Span) -> Value {
    if let Some(speaker) = &span.speaker {
        value["speaker"] = speaker.clone().into();
    }
    value
}

/// `00:00:01,500`
fn time(seconds: f64, point: &str) -> String {
    let millis = if seconds.is_finite() {
        (seconds.max(0.0) * 1000.0).round() as u64
    } else {
        0
    };
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}{point}{:03}",
        millis / 1000 % 60,
        millis % 1000
    )
}

/// Puts words together to segments: a new one after the end of a sentence, and with a new speaker.
pub fn segments(words: &[Span]) -> Vec<Span> {
    let mut result: Vec<Span> = Vec::new();
    let mut ended = true;
    for word in words {
        match result
            .last_mut()
            .filter(|it| !ended && it.speaker == word.speaker)
        {
            Some(segment) => {
                segment.text.push(' ');
                segment.text.push_str(&word.text);
                segment.end = word.end;
            }
            None => result.push(word.clone()),
        }
        ended = word.text.ends_with(['.', '?', '!', '。', '？', '！', '…']);
    }
    result
}

#[cfg(test)]
mod tests;
