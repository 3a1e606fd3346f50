//! One bound for all bodies that are in memory, under way or waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of all bodies that are in memory.
const MOST: u64 = 64 << 20;

/// The bytes that are taken.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<AtomicU64>);

impl Room {
    pub fn taken(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A part of the room, empty at first.
    pub fn part(&self) -> Part {
        Part {
            room: self.clone(),
            bytes: 0,
        }
    }
}

/// What somebody holds of the room, until it is dropped.
#[derive(Debug)]
pub struct Part {
    room: Room,
    bytes: u64,
}

impl Part {
    /// Takes more of the room; false, and nothing is taken, if there is not as much left.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let more = |taken: u64| taken.checked_add(bytes).filter(|it| *it <= MOST);
        let order = Ordering::Relaxed;
        let grown = self.room.0.fetch_update(order, order, more).is_ok();
        if grown {
            self.bytes = self.bytes.saturating_add(bytes);
        }
        grown
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let room = Room::default();
        let (mut one, mut other) = (room.part(), room.part());
        assert!(one.grow(40 << 20) && other.grow(20 << 20));
        assert!(!other.grow(5 << 20) && other.grow(4 << 20));
        assert!(!one.grow(1) && !one.grow(usize::MAX));
        drop(one);
        assert_eq!(room.taken(), 24 << 20);
        assert!(other.grow(40 << 20));
        drop(other);
        assert_eq!(room.taken(), 0);
    }
}
