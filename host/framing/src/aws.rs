//! AWS event stream messages: two lengths, a checksum of them, headers, payload, a checksum of all.
//! Source: the Smithy specification's `vnd.amazon.eventstream`, and recorded Bedrock streams.

use crate::{Frame, FramingError};

const PRELUDE: usize = 12;
const TRAILER: usize = 4;

/// Cuts all whole messages and gives how many bytes they were.
pub(crate) fn cut(
    buffer: &[u8],
    max_frame: usize,
    frames: &mut Vec<Frame>,
) -> Result<usize, FramingError> {
    let mut at = 0;
    while let Some(rest) = buffer.get(at..).filter(|rest| rest.len() >= PRELUDE) {
        let (total, headers) = (number(rest, 0), number(rest, 4));
        if crc32(rest.get(..8).unwrap_or_default()) != number(rest, 8) as u32 {
            return Err(FramingError::Damaged(
                "the checksum of its lengths is wrong",
            ));
        }
        if total > max_frame {
            return Err(FramingError::TooLong(max_frame));
        }
        if total < PRELUDE + headers + TRAILER {
            return Err(FramingError::Damaged("its lengths contradict each other"));
        }
        let Some(message) = rest.get(..total) else {
            break;
        };
        let (body, checksum) = message.split_at(total - TRAILER);
        if crc32(body) != number(checksum, 0) as u32 {
            return Err(FramingError::Damaged("its checksum is wrong"));
        }
        let event = event(body.get(PRELUDE..PRELUDE + headers).unwrap_or_default())?;
        let data = body.get(PRELUDE + headers..).unwrap_or_default().to_vec();
        frames.push(Frame { event, data });
        at += total;
    }
    Ok(at)
}

fn number(bytes: &[u8], at: usize) -> usize {
    let digits = bytes.get(at..at + 4).unwrap_or_default();
    digits
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The message's kind, from its headers.
fn event(mut headers: &[u8]) -> Result<String, FramingError> {
    const WRONG: FramingError = FramingError::Damaged("its headers cannot be read");
    let (mut event, mut exception) = (None, None);
    while let Some((length, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length)).ok_or(WRONG)?;
        let (kind, rest) = rest.split_first().ok_or(WRONG)?;
        let size = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            9 => 16,
            6 | 7 => {
                2 + rest
                    .get(..2)
                    .map(|it| usize::from(it[0]) << 8 | usize::from(it[1]))
                    .ok_or(WRONG)?
            }
            _ => return Err(WRONG),
        };
        let (value, rest) = rest.split_at_checked(size).ok_or(WRONG)?;
        let text = || String::from_utf8_lossy(value.get(2..).unwrap_or_default()).into_owned();
        match (name, *kind) {
            (b":event-type", 7) => event = Some(text()),
            (b":exception-type" | b":error-code", 7) => exception = Some(text()),
            _ => {}
        }
        headers = rest;
    }
    Ok(exception
        .map(|kind| format!("exception:{kind}"))
        .or(event)
        .unwrap_or_default())
}

/// CRC-32 (IEEE 802.3), byte by byte from a table.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| {
        let index = ((crc ^ u32::from(*byte)) & 0xff) as usize;
        TABLE.get(index).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !bytes.iter().fold(u32::MAX, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}
