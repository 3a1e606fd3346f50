//! How a record lies in a file: `FF 'S' 'J' 01`, then in little-endian order the payload's length
//! (u32), the CRC-32 of payload, length and mark (u32), the mark (u64), then the payload, which is
//! JSON. JSON is UTF-8 and holds no FF byte: after damage the next record is found by it.

use std::ops::Range;

use super::error::JournalError;
use super::record::RecordRef;
use super::sink::Mark;

const MAGIC: [u8; 4] = [0xFF, b'S', b'J', 1];
const HEADER: usize = 20;
/// Longest payload, in bytes. A row that is longer goes without its metadata.
pub const MAX_PAYLOAD: usize = 32 << 20;

/// A record ready to be written, but for its mark.
#[derive(Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    checksum: crc32fast::Hasher,
}

impl Frame {
    pub fn of(record: RecordRef<'_>) -> Result<Self, JournalError> {
        let mut bytes = Vec::with_capacity(2048);
        bytes.extend_from_slice(&MAGIC);
        bytes.resize(HEADER, 0);
        serde_json::to_writer(&mut bytes, &record)?;
        let payload = bytes.get(HEADER..).unwrap_or_default();
        let length = payload.len();
        let (Ok(short), true) = (u32::try_from(length), length <= MAX_PAYLOAD) else {
            return Err(JournalError::TooLong(length));
        };
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(payload);
        checksum.update(&short.to_le_bytes());
        put(&mut bytes, 4, &short.to_le_bytes());
        Ok(Self { bytes, checksum })
    }

    /// The bytes to write, under this mark.
    pub fn stamp(&mut self, mark: Mark) -> &[u8] {
        let number = mark.0.to_le_bytes();
        let mut checksum = self.checksum.clone();
        checksum.update(&number);
        put(&mut self.bytes, 8, &checksum.finalize().to_le_bytes());
        put(&mut self.bytes, 12, &number);
        &self.bytes
    }

    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }

    /// In the file, in bytes.
    pub fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + what.len()) {
        place.copy_from_slice(what);
    }
}

/// What lies in a file, from its start to its end without a gap.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Record {
        mark: Mark,
        payload: &'a [u8],
        /// The whole frame.
        at: Range<usize>,
    },
    /// Bytes that are no record. `torn`: the file ends in a record that was not written to its
    /// end.
    Gap { at: Range<usize>, torn: bool },
    /// Zeros up to the end of the file, where nothing was written.
    Unused { at: Range<usize> },
}

/// Walks through the bytes of a file.
#[derive(Debug)]
pub struct Scan<'a> {
    bytes: &'a [u8],
    /// Behind it stand zeros only. Looked for once: a file that was cut off has a megabyte of them,
    /// and thousands of records.
    written: usize,
    at: usize,
}

pub fn scan(bytes: &[u8]) -> Scan<'_> {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    Scan {
        bytes,
        written: last.map_or(0, |last| last + 1),
        at: 0,
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let written = self.bytes.get(self.at..self.written).unwrap_or_default();
        if written.is_empty() {
            let start = std::mem::replace(&mut self.at, self.bytes.len());
            return Some(Piece::Unused { at: start..self.at });
        }
        if let Some((mark, payload)) = intact(rest) {
            let start = self.at;
            self.at = start + HEADER + payload.len();
            return Some(Piece::Record {
                mark,
                payload,
                at: start..self.at,
            });
        }
        let next = (1..written.len()).find(|&from| {
            rest.get(from..)
                .is_some_and(|rest| rest.starts_with(&MAGIC) && intact(rest).is_some())
        });
        let start = self.at;
        self.at = start + next.unwrap_or(written.len());
        Some(Piece::Gap {
            at: start..self.at,
            torn: next.is_none() && is_short(written),
        })
    }
}

/// The record at the start of `bytes`.
pub fn intact(bytes: &[u8]) -> Option<(Mark, &[u8])> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let (mark, rest) = rest.split_first_chunk::<8>()?;
    let payload = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    if *magic != MAGIC {
        return None;
    }
    let mut expected = crc32fast::Hasher::new();
    expected.update(payload);
    expected.update(length);
    expected.update(mark);
    let same = expected.finalize() == u32::from_le_bytes(*checksum);
    same.then_some((Mark(u64::from_le_bytes(*mark)), payload))
}

/// Whether a write that was cut short leaves such an end: the start of a record.
fn is_short(end: &[u8]) -> bool {
    let Some((magic, rest)) = end.split_first_chunk::<4>() else {
        return MAGIC.starts_with(end);
    };
    let Some((length, rest)) = rest.split_first_chunk::<4>() else {
        return *magic == MAGIC;
    };
    let whole = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    *magic == MAGIC && whole <= MAX_PAYLOAD && rest.len() < whole.saturating_add(HEADER - 8)
}
