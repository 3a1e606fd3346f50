//! The end of the journal, where records are appended, and the files before it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::directory::Directory;
use super::disk::{Disk, Output};
use super::error::JournalError;
use super::frame::Frame;
use super::sink::Mark;

/// The file is lengthened by so many bytes at a time.
const GROWTH: u64 = 1 << 20;

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub segment: u32,
    pub offset: u64,
    pub length: u32,
}

/// A file that nothing is appended to any more.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    pub number: u32,
    pub bytes: u64,
    /// The last settled row in it.
    pub settled: Mark,
    /// The last record in it.
    pub last: Mark,
}

#[derive(Debug)]
pub struct Tail {
    disk: Arc<dyn Disk>,
    /// None after an error that left the file unusable: the next record gets a new one.
    output: Option<Arc<dyn Output>>,
    now: Closed,
    /// The file's length: behind the records stand zeros. A write that does not change it costs
    /// half of one that does.
    length: u64,
    closed: VecDeque<Closed>,
    segment_bytes: u64,
    mark: Mark,
    /// Closed files that the disk may not have yet.
    unsynced: Vec<Arc<dyn Output>>,
    failing: bool,
}

impl Tail {
    /// Begins a new file behind those that are there.
    pub fn begin(
        disk: Arc<dyn Disk>,
        directory: &Directory,
        closed: VecDeque<Closed>,
        number: u32,
        segment_bytes: u64,
    ) -> Result<Self, JournalError> {
        let path = directory.segment(number);
        let output = disk
            .create(&path)
            .map_err(JournalError::path("make", path))?;
        Ok(Self {
            disk,
            output: Some(output),
            now: empty(number),
            length: 0,
            closed,
            segment_bytes,
            mark: Mark::ZERO,
            unsynced: Vec::new(),
            failing: false,
        })
    }

    /// Appends a record. It has a mark also when it could not be written.
    pub fn append(
        &mut self,
        directory: &Directory,
        frame: &mut Frame,
        settled: bool,
    ) -> (Mark, io::Result<Place>) {
        let room = self.output.is_some() && self.now.bytes < self.segment_bytes;
        let rotated = if room { Ok(()) } else { self.rotate(directory) };
        // A mark is greater than all before it, and those of a file begin with its number.
        let first = u64::from(self.now.number) << 32;
        self.mark = Mark(self.mark.0.saturating_add(1).max(first));
        let written = rotated.and_then(|()| self.write(frame));
        self.report(&written);
        if written.is_ok() {
            self.now.last = self.mark;
            if settled {
                self.now.settled = self.mark;
            }
        }
        (self.mark, written)
    }

    fn write(&mut self, frame: &mut Frame) -> io::Result<Place> {
        let output = self.output.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let length = frame.length();
        let end = self.now.bytes.saturating_add(u64::from(length));
        if end > self.length {
            let longer = self
                .now
                .bytes
                .saturating_add(GROWTH.min(self.segment_bytes));
            let longer = longer.max(end);
            // If not, the write lengthens it.
            if output.resize(longer).is_ok() {
                self.length = longer;
            }
        }
        if let Err(error) = output.write(self.now.bytes, frame.stamp(self.mark)) {
            // Half a record would stand between two whole ones.
            self.length = self.now.bytes;
            if output.resize(self.now.bytes).is_err() {
                self.unsynced.extend(self.output.take());
            }
            return Err(error);
        }
        let place = Place {
            segment: self.now.number,
            offset: self.now.bytes,
            length,
        };
        self.now.bytes = end;
        Ok(place)
    }

    /// Goes on in a new file, or in the one it has if there can be no new one.
    fn rotate(&mut self, directory: &Directory) -> io::Result<()> {
        let next = self.now.number.checked_add(1);
        let next = next.ok_or(io::ErrorKind::StorageFull)?;
        match self.disk.create(&directory.segment(next)) {
            Ok(output) => {
                self.trim();
                self.unsynced.extend(self.output.replace(output));
                self.length = 0;
                self.closed.push_back(self.now);
                self.now = empty(next);
                Ok(())
            }
            Err(_) if self.output.is_some() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Cuts off what was never written. Whoever reads the file does so, too.
    fn trim(&self) {
        if let Some(output) = &self.output {
            let _ = output.resize(self.now.bytes);
        }
    }

    /// Says once that the disk began to refuse, and once that it takes records again.
    fn report(&mut self, written: &io::Result<Place>) {
        match written {
            Ok(_) if self.failing => tracing::info!("the journal can be written again"),
            Err(error) if !self.failing => {
                tracing::error!(%error, "the journal cannot be written");
            }
            _ => {}
        }
        self.failing = written.is_err();
    }

    /// The files that the disk may not have yet.
    pub fn take_unsynced(&mut self) -> Vec<Arc<dyn Output>> {
        let mut files = std::mem::take(&mut self.unsynced);
        files.extend(self.output.clone());
        files
    }

    /// The oldest file that is not appended to.
    pub fn oldest(&self) -> Option<Closed> {
        self.closed.front().copied()
    }

    /// The oldest one is gone.
    pub fn forget_oldest(&mut self) {
        self.closed.pop_front();
    }

    pub fn number(&self) -> u32 {
        self.now.number
    }

    /// Of all files.
    pub fn bytes(&self) -> u64 {
        let closed = self.closed.iter().map(|it| it.bytes);
        closed.fold(self.now.bytes, u64::saturating_add)
    }

    pub fn files(&self) -> usize {
        self.closed.len().saturating_add(1)
    }

    /// Whether the last record could not be written.
    pub fn failing(&self) -> bool {
        self.failing
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.trim();
    }
}

fn empty(number: u32) -> Closed {
    Closed {
        number,
        bytes: 0,
        settled: Mark::ZERO,
        last: Mark::ZERO,
    }
}
