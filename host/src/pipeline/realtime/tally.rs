//! What a session uses: what its events tell, and for an answer that is cut off a guess.

use super::event::{Said, Told, transcriber};
use super::guess::{self, Formats};
use crate::domain::Usage;
use crate::pipeline::accounting::Used;

/// What is known of a session by now.
#[derive(Debug, Default)]
pub struct Tally {
    transcriber: Option<String>,
    formats: Formats,
    /// Answers that have begun and not ended.
    answering: u32,
    /// What came since an answer last ended, in bytes.
    heard: Bytes,
    said: Bytes,
    /// What the last answer used.
    last: Usage,
}

/// Bytes of base64 and of text.
#[derive(Debug, Default, Clone, Copy)]
struct Bytes {
    sound: u64,
    text: u64,
}

impl Tally {
    /// Whether an answer is under way.
    pub const fn is_answering(&self) -> bool {
        self.answering > 0
    }

    /// The client said something.
    pub fn hear(&mut self, said: &Said) {
        let add = |sum: &mut u64, more: usize| *sum = sum.saturating_add(more as u64);
        add(&mut self.heard.sound, said.sound);
        add(&mut self.heard.text, said.text);
    }

    /// The upstream said something: what was used, if that is told.
    pub fn tell(&mut self, told: &Told) -> Option<Used> {
        let more = |sum: &mut u64, more: usize| *sum = sum.saturating_add(more as u64);
        match told {
            Told::Session(settings) => {
                self.transcriber = transcriber(settings);
                self.formats = Formats::of(settings);
                None
            }
            Told::Begun => {
                self.answering += 1;
                None
            }
            Told::Sound(bytes) => {
                more(&mut self.said.sound, *bytes);
                None
            }
            Told::Text(bytes) => {
                more(&mut self.said.text, *bytes);
                None
            }
            Told::Done(usage) => {
                // One that was cancelled before it began tells none, and has made nothing.
                let made_nothing = self.said.sound == 0 && self.said.text == 0;
                let used = match usage {
                    Some(usage) => Some((usage.clone(), false)),
                    None if made_nothing => None,
                    None => Some((self.guess(), true)),
                };
                self.answering = self.answering.saturating_sub(1);
                (self.heard, self.said) = (Bytes::default(), Bytes::default());
                if let Some(usage) = usage {
                    self.last = usage.clone();
                }
                let (usage, estimated) = used?;
                Some(Used {
                    beside: None,
                    usage,
                    estimated,
                })
            }
            Told::Transcribed(usage) => Some(Used {
                beside: self.transcriber.clone(),
                usage: usage.clone()?,
                estimated: false,
            }),
            Told::Error | Told::Other => None,
        }
    }

    /// What an answer has used that nobody will tell any more. None: none was under way.
    pub fn cut_off(&mut self) -> Option<Used> {
        if self.answering == 0 {
            return None;
        }
        self.answering = 0;
        Some(Used {
            beside: None,
            usage: self.guess(),
            estimated: true,
        })
    }

    /// It has heard what the one before it had, and what came since then.
    fn guess(&self) -> Usage {
        let last = &self.last;
        let heard = self.formats.heard(self.heard.sound);
        let said = self.formats.said(self.said.sound);
        let input = guess::text(self.heard.text).saturating_add(heard);
        Usage {
            input_tokens: last.input_tokens.saturating_add(input),
            input_audio_tokens: last.input_audio_tokens.saturating_add(heard),
            input_image_tokens: last.input_image_tokens,
            cached_tokens: last.cached_tokens,
            cached_audio_tokens: last.cached_audio_tokens,
            cached_image_tokens: last.cached_image_tokens,
            output_tokens: guess::text(self.said.text).saturating_add(said),
            output_audio_tokens: said,
            ..Usage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn usage(input: u64, output: u64) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            ..Usage::default()
        }
    }

    fn sound(bytes: usize) -> Said {
        Said {
            instead: None,
            sound: bytes,
            text: 0,
        }
    }

    #[test]
    fn each_answer_is_counted_as_it_tells() {
        let mut tally = Tally::default();
        assert_eq!(tally.tell(&Told::Begun), None);
        assert!(tally.is_answering());
        tally.tell(&Told::Text(40));
        let used = tally.tell(&Told::Done(Some(usage(7, 5)))).unwrap();
        assert_eq!((used.usage, used.estimated), (usage(7, 5), false));
        assert!(!tally.is_answering() && tally.cut_off().is_none());
    }

    #[test]
    fn an_answer_that_is_cut_off_is_guessed_by_what_was_heard_and_said() {
        let mut tally = Tally::default();
        tally.tell(&Told::Begun);
        tally.tell(&Told::Done(Some(usage(100, 50))));
        // A second each way.
        tally.hear(&sound(64_000));
        tally.tell(&Told::Begun);
        tally.tell(&Told::Sound(64_000));
        tally.tell(&Told::Text(8));
        let used = tally.cut_off().unwrap();
        assert!(used.estimated);
        assert_eq!(
            (used.usage.input_tokens, used.usage.input_audio_tokens),
            (110, 10)
        );
        assert_eq!(
            (used.usage.output_tokens, used.usage.output_audio_tokens),
            (22, 20)
        );
        assert!(tally.cut_off().is_none());
    }

    #[test]
    fn an_answer_that_was_cancelled_costs_what_it_had_made() {
        let mut tally = Tally::default();
        tally.tell(&Told::Begun);
        assert_eq!(tally.tell(&Told::Done(None)), None);
        tally.tell(&Told::Begun);
        tally.tell(&Told::Text(8));
        let used = tally.tell(&Told::Done(None)).unwrap();
        assert_eq!((used.usage.output_tokens, used.estimated), (2, true));
    }

    #[test]
    fn what_is_transcribed_is_the_transcribers() {
        let mut tally = Tally::default();
        let session = json!({"audio": {"input": {"transcription": {"model": "whisper-1"}}}});
        tally.tell(&Told::Session(Box::new(session)));
        let used = tally.tell(&Told::Transcribed(Some(usage(3, 4)))).unwrap();
        assert_eq!(used.beside.as_deref(), Some("whisper-1"));
        assert_eq!(tally.tell(&Told::Transcribed(None)), None);
    }
}
