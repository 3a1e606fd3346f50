//! The elements of one JSON array, as Gemini streams without `alt=sse`.

use crate::{Frame, FramingError};

/// Where in the array the reader stands.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    /// Bytes at the buffer's start that were looked at before.
    seen: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    state: Position,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Position {
    #[default]
    Before,
    Between,
    Inside,
    After,
    /// The answer is no array: one frame.
    Single,
}

impl Elements {
    /// Cuts all whole elements and gives how many bytes they were.
    pub(crate) fn cut(&mut self, buffer: &[u8], frames: &mut Vec<Frame>) -> usize {
        let mut start = 0;
        let mut at = self.seen;
        while let Some(byte) = buffer.get(at).copied() {
            match self.state {
                Position::Single => break,
                Position::Before | Position::Between | Position::After => {
                    start = at + 1;
                    match byte {
                        b'[' if self.state == Position::Before => self.state = Position::Between,
                        b' ' | b'\n' | b'\r' | b'\t' | b',' => {}
                        b']' if self.state == Position::Between => self.state = Position::After,
                        _ if self.state == Position::After => {}
                        _ => {
                            start = at;
                            let single = self.state == Position::Before;
                            self.state = if single {
                                Position::Single
                            } else {
                                Position::Inside
                            };
                            continue;
                        }
                    }
                }
                Position::Inside => {
                    if self.inside(byte) {
                        let closes = matches!(byte, b'}' | b']' | b'"');
                        let ends_with_it = closes && self.ended_by(byte);
                        let end = if ends_with_it { at + 1 } else { at };
                        let data = buffer
                            .get(start..end)
                            .unwrap_or_default()
                            .trim_ascii()
                            .to_vec();
                        frames.push(Frame {
                            event: String::new(),
                            data,
                        });
                        self.state = Position::Between;
                        start = end;
                        at = end;
                        self.depth = 0;
                        continue;
                    }
                }
            }
            at += 1;
        }
        self.seen = at - start.min(at);
        if self.state == Position::Single {
            0
        } else {
            start
        }
    }

    /// Moves over one byte of an element; true at its end.
    fn inside(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    return self.depth == 0;
                }
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 1 => self.depth -= 1,
            b'}' | b']' | b',' if self.depth <= 1 => {
                return byte != b',' || self.depth == 0;
            }
            _ => {}
        }
        false
    }

    /// Whether the byte that ended an element belongs to it: not the array's own bracket after a
    /// bare number.
    const fn ended_by(&self, byte: u8) -> bool {
        self.depth > 0 || byte == b'"'
    }

    /// The end of the stream. An array that was not closed was cut off.
    pub(crate) fn finish(
        &mut self,
        rest: &[u8],
        frames: &mut Vec<Frame>,
    ) -> Result<(), FramingError> {
        match self.state {
            Position::Single => {
                let data = rest.trim_ascii().to_vec();
                frames.push(Frame {
                    event: String::new(),
                    data,
                });
                Ok(())
            }
            Position::Inside | Position::Between => Err(FramingError::CutOff),
            Position::Before | Position::After => Ok(()),
        }
    }
}
