//! Cuts the bytes of an upstream's streamed answer into frames, however they arrive: the same
//! bytes give the same frames at any chunking.

mod aws;
mod json_array;
mod lines;
mod sse;

/// How a streamed answer is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events. `data: [DONE]` ends the stream and is no frame.
    Sse,
    /// One JSON document a line.
    Lines,
    /// The elements of one JSON array. Anything else is one frame.
    JsonArray,
    /// AWS event stream messages (`application/vnd.amazon.eventstream`). The frame's event is the
    /// header `:event-type`; for exceptions it is `exception:` and the header `:exception-type`.
    Aws,
    /// The bytes as they come.
    Raw,
    /// The whole answer as one frame.
    Whole,
}

impl Framing {
    /// The framing that a content type asks for, if it names one.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let bare = content_type.split(';').next().unwrap_or_default().trim();
        match bare.to_ascii_lowercase().as_str() {
            "text/event-stream" => Some(Self::Sse),
            "application/x-ndjson" | "application/stream+json" | "application/jsonl" => {
                Some(Self::Lines)
            }
            "application/vnd.amazon.eventstream" => Some(Self::Aws),
            _ => None,
        }
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's name where the framing has one, else empty.
    pub event: String,
    pub data: Vec<u8>,
}

/// Why a stream cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("a frame is longer than {0} bytes")]
    TooLong(usize),
    #[error("an event stream message is damaged: {0}")]
    Damaged(&'static str),
    #[error("the stream ended in the middle of a frame")]
    CutOff,
}

/// Cuts one stream.
#[derive(Debug)]
pub struct Splitter {
    cutter: Cutter,
    buffer: Vec<u8>,
    max_frame: usize,
    done: bool,
}

#[derive(Debug)]
enum Cutter {
    Sse(sse::Sse),
    Lines,
    JsonArray(json_array::Elements),
    Aws,
    Raw,
    Whole,
}

impl Splitter {
    /// `max_frame_bytes` bounds one frame and everything held back for it.
    pub fn new(framing: Framing, max_frame_bytes: usize) -> Self {
        let cutter = match framing {
            Framing::Sse => Cutter::Sse(sse::Sse::default()),
            Framing::Lines => Cutter::Lines,
            Framing::JsonArray => Cutter::JsonArray(json_array::Elements::default()),
            Framing::Aws => Cutter::Aws,
            Framing::Raw => Cutter::Raw,
            Framing::Whole => Cutter::Whole,
        };
        Self {
            cutter,
            buffer: Vec::new(),
            max_frame: max_frame_bytes,
            done: false,
        }
    }

    /// The next bytes; appends the frames that are complete with them.
    pub fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        if self.done || bytes.is_empty() {
            return Ok(());
        }
        if matches!(self.cutter, Cutter::Raw) {
            frames.push(Frame {
                event: String::new(),
                data: bytes.to_vec(),
            });
            return Ok(());
        }
        self.buffer.extend_from_slice(bytes);
        let used = match &mut self.cutter {
            Cutter::Sse(sse) => {
                let used = sse.cut(&self.buffer, frames);
                self.done = sse.done();
                if sse.held() > self.max_frame {
                    return Err(FramingError::TooLong(self.max_frame));
                }
                used
            }
            Cutter::Lines => lines::cut(&self.buffer, frames),
            Cutter::JsonArray(elements) => elements.cut(&self.buffer, frames),
            Cutter::Aws => aws::cut(&self.buffer, self.max_frame, frames)?,
            Cutter::Raw | Cutter::Whole => 0,
        };
        self.buffer.drain(..used.min(self.buffer.len()));
        if self.buffer.len() > self.max_frame {
            return Err(FramingError::TooLong(self.max_frame));
        }
        Ok(())
    }

    /// The stream has ended; appends what was waiting for its end.
    pub fn finish(&mut self, frames: &mut Vec<Frame>) -> Result<(), FramingError> {
        if self.done {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.buffer);
        match &mut self.cutter {
            Cutter::Sse(sse) => {
                sse.finish(&rest, frames);
                self.done = sse.done();
            }
            Cutter::Lines => {
                let mut rest = rest;
                rest.push(b'\n');
                lines::cut(&rest, frames);
            }
            Cutter::JsonArray(elements) => elements.finish(&rest, frames)?,
            Cutter::Aws if !rest.is_empty() => return Err(FramingError::CutOff),
            Cutter::Whole if !rest.is_empty() => {
                frames.push(Frame {
                    event: String::new(),
                    data: rest,
                });
            }
            Cutter::Aws | Cutter::Raw | Cutter::Whole => {}
        }
        Ok(())
    }

    /// Whether the stream's own end marker (`[DONE]`) was seen. What follows it is not read.
    pub const fn done(&self) -> bool {
        self.done
    }
}

#[cfg(test)]
mod tests;
