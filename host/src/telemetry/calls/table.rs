//! What became a label, each under a small number: equal things have the same one, and there are
//! never more than a stated count of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// The number of what is absent, which labels call `None`.
pub const NONE: u32 = 0;
/// The number of everything that found no room.
pub const OTHER: u32 = 1;

/// Things by their numbers, and their numbers by what they are.
#[derive(Debug)]
pub struct Table<K: ?Sized> {
    most: usize,
    inner: RwLock<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K: ?Sized> {
    numbers: HashMap<Arc<K>, u32>,
    all: Vec<Arc<K>>,
}

impl<K: Hash + Eq + ?Sized> Table<K> {
    /// `none` and `other` are the first two.
    pub fn new(most: usize, none: Arc<K>, other: Arc<K>) -> Self {
        let numbers = [(Arc::clone(&none), NONE), (Arc::clone(&other), OTHER)];
        Self {
            most,
            inner: RwLock::new(Inner {
                numbers: numbers.into(),
                all: vec![none, other],
            }),
        }
    }

    /// The number of a thing; `keep` makes what is remembered of a new one.
    pub fn number(&self, of: &K, keep: impl FnOnce() -> Arc<K>) -> u32 {
        {
            let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(number) = inner.numbers.get(of) {
                return *number;
            }
            if inner.all.len() >= self.most {
                return OTHER;
            }
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = inner.numbers.get(of) {
            return *number;
        }
        let next = u32::try_from(inner.all.len()).ok();
        let Some(next) = next.filter(|_| inner.all.len() < self.most) else {
            return OTHER;
        };
        let kept = keep();
        inner.all.push(Arc::clone(&kept));
        inner.numbers.insert(kept, next);
        next
    }

    /// Everything, by its number.
    pub fn all(&self) -> Vec<Arc<K>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.all.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_one_number_and_what_finds_no_room_is_other() {
        let table: Table<str> = Table::new(4, "None".into(), "other".into());
        let number = |it: &str| table.number(it, || it.into());
        assert_eq!((number("None"), number("other")), (NONE, OTHER));
        assert_eq!((number("a"), number("b"), number("a")), (2, 3, 2));
        assert_eq!((number("c"), number("b")), (OTHER, 3));
        assert_eq!(table.all().len(), 4);
    }
}
