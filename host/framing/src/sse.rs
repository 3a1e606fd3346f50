//! Server-sent events, as the WHATWG standard parses them, with what real providers do besides.

use crate::Frame;

/// The event that is being read.
#[derive(Debug, Default)]
pub(crate) struct Sse {
    event: String,
    data: Vec<u8>,
    has_data: bool,
    started: bool,
    done: bool,
    /// The last line ended in a carriage return; a line feed that follows belongs to it.
    after_return: bool,
    /// So many bytes of the line that is being read are known to hold no end of it: a long line in
    /// small pieces is looked through once.
    scanned: usize,
}

impl Sse {
    pub(crate) const fn done(&self) -> bool {
        self.done
    }

    /// Bytes of the event that is being read.
    pub(crate) fn held(&self) -> usize {
        self.data.len()
    }

    /// Reads all whole lines of `buffer` and gives how many bytes they were.
    pub(crate) fn cut(&mut self, buffer: &[u8], frames: &mut Vec<Frame>) -> usize {
        let mut at = 0;
        while let Some(rest) = buffer
            .get(at..)
            .filter(|rest| !rest.is_empty() && !self.done)
        {
            if self.after_return {
                self.after_return = false;
                if rest.first() == Some(&b'\n') {
                    at += 1;
                    continue;
                }
            }
            let known = std::mem::take(&mut self.scanned).min(rest.len());
            let fresh = rest.get(known..).unwrap_or_default();
            let Some(end) = memchr::memchr2(b'\n', b'\r', fresh) else {
                self.scanned = rest.len();
                break;
            };
            let end = known + end;
            self.after_return = rest.get(end) == Some(&b'\r');
            self.line(rest.get(..end).unwrap_or_default(), frames);
            at += end + 1;
        }
        at
    }

    /// The last line may lack its end, and the last event its blank line.
    pub(crate) fn finish(&mut self, rest: &[u8], frames: &mut Vec<Frame>) {
        if !rest.is_empty() {
            self.line(rest, frames);
        }
        self.dispatch(frames);
    }

    fn line(&mut self, line: &[u8], frames: &mut Vec<Frame>) {
        let line = if self.started {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        self.started = true;
        if line.is_empty() {
            self.dispatch(frames);
            return;
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => self.event = String::from_utf8_lossy(value).into_owned(),
            // gpustack reports a failure as a field of its own.
            b"error" => {
                self.dispatch(frames);
                frames.push(Frame {
                    event: "error".into(),
                    data: value.to_vec(),
                });
            }
            // A comment (empty name), `id`, `retry`, or unknown.
            _ => {}
        }
    }

    fn dispatch(&mut self, frames: &mut Vec<Frame>) {
        let event = std::mem::take(&mut self.event);
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        let data = std::mem::take(&mut self.data);
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
        } else if !(data.is_empty() && event.is_empty()) {
            frames.push(Frame { event, data });
        }
    }
}
