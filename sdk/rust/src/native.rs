//! The host's part in a native build: what a test plays, a thread at a time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::{Error, FetchRequest, FetchResponse, fault};

/// Answers a request.
pub type Answer = Rc<dyn Fn(&FetchRequest) -> Result<FetchResponse, Error>>;

/// What is played.
#[derive(Default, Clone)]
pub struct Scene {
    /// None: nothing may be fetched.
    answer: Option<Answer>,
    pub sent: Vec<FetchRequest>,
    /// None: the machine's clock.
    pub now_ms: Option<u64>,
    store: HashMap<String, Kept>,
}

#[cfg(feature = "testing")]
impl Scene {
    /// Requests are answered by this.
    pub fn answering(answer: Answer) -> Self {
        Self {
            answer: Some(answer),
            ..Self::default()
        }
    }
}

#[derive(Clone)]
struct Kept {
    value: Vec<u8>,
    until_ms: u64,
}

thread_local! {
    static SCENE: RefCell<Scene> = RefCell::default();
}

/// Puts a scene in place of another.
#[cfg(feature = "testing")]
pub fn swap(scene: &mut Scene) {
    SCENE.with_borrow_mut(|now| std::mem::swap(now, scene));
}

/// The clock of the scene.
pub fn played_now() -> Option<u64> {
    SCENE.with_borrow(|scene| scene.now_ms)
}

pub fn fetch(request: &FetchRequest) -> Result<FetchResponse, Error> {
    let answer = SCENE.with_borrow_mut(|scene| {
        scene.sent.push(request.clone());
        scene.answer.clone()
    });
    match answer {
        Some(answer) => answer(request),
        None => Err(fault::internal(
            "nothing answers requests here: play them with `testing::Played`",
        )),
    }
}

pub fn get(key: &str) -> Option<Vec<u8>> {
    let now = crate::host::now_ms();
    SCENE.with_borrow(|scene| {
        let kept = scene.store.get(key).filter(|it| it.until_ms > now);
        kept.map(|it| it.value.clone())
    })
}

pub fn set(key: &str, value: &[u8], ttl_seconds: u32) {
    let kept = Kept {
        value: value.to_vec(),
        until_ms: until(ttl_seconds),
    };
    SCENE.with_borrow_mut(|scene| scene.store.insert(key.to_owned(), kept));
}

/// A sum is kept as its digits, as the gateway keeps it.
pub fn add(key: &str, delta: i64, ttl_seconds: u32) -> i64 {
    let (now, until_ms) = (crate::host::now_ms(), until(ttl_seconds));
    SCENE.with_borrow_mut(|scene| {
        scene.store.retain(|_, it| it.until_ms > now);
        let fresh = Kept {
            value: Vec::new(),
            until_ms,
        };
        let kept = scene.store.entry(key.to_owned()).or_insert(fresh);
        let before = std::str::from_utf8(&kept.value).ok();
        let before: i64 = before.and_then(|it| it.parse().ok()).unwrap_or(0);
        let sum = before.saturating_add(delta);
        kept.value = sum.to_string().into_bytes();
        sum
    })
}

/// A time of 0 is a day, the longest that the gateway keeps anything.
fn until(ttl_seconds: u32) -> u64 {
    const LONGEST_SECONDS: u32 = 86_400;
    let seconds = match ttl_seconds {
        0 => LONGEST_SECONDS,
        some => some.min(LONGEST_SECONDS),
    };
    crate::host::now_ms().saturating_add(u64::from(seconds) * 1000)
}
