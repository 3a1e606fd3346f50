//! One JSON document a line. Blank lines are nothing.

use crate::Frame;

/// Cuts all whole lines and gives how many bytes they were.
pub(crate) fn cut(buffer: &[u8], frames: &mut Vec<Frame>) -> usize {
    let mut at = 0;
    while let Some(end) = buffer
        .get(at..)
        .and_then(|rest| memchr::memchr(b'\n', rest))
    {
        let line = buffer.get(at..at + end).unwrap_or_default().trim_ascii();
        if !line.is_empty() {
            frames.push(Frame {
                event: String::new(),
                data: line.to_vec(),
            });
        }
        at += end + 1;
    }
    at
}
