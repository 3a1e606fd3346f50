//! The host's part, played by a test.

use std::cell::RefCell;
use std::rc::Rc;

use crate::native::{Scene, swap};
use crate::{Error, FetchRequest, FetchResponse};

/// Answers what a guardrail or a callback fetches, keeps its `kv`, and sets its clock, while
/// [`run`](Played::run) runs. What it keeps lives as long as this value.
///
/// ```
/// use sluice_sdk::{FetchRequest, FetchResponse, testing::Played};
///
/// let played = Played::new(|request| Ok(FetchResponse::text_of(200, request.url.clone())));
/// let answer = played.run(|| FetchRequest::get("/a").send()).unwrap();
/// assert_eq!(answer.text(), Some("/a"));
/// assert_eq!(played.sent().len(), 1);
/// ```
pub struct Played {
    scene: RefCell<Scene>,
}

impl Played {
    /// `answer` makes an answer of each request.
    pub fn new(answer: impl Fn(&FetchRequest) -> Result<FetchResponse, Error> + 'static) -> Self {
        Self {
            scene: RefCell::new(Scene::answering(Rc::new(answer))),
        }
    }

    /// Nothing may be fetched.
    pub fn silent() -> Self {
        Self {
            scene: RefCell::default(),
        }
    }

    /// Sets the clock, in milliseconds since 1970. It stands still until it is set again.
    pub fn set_clock(&self, now_ms: u64) {
        self.scene.borrow_mut().now_ms = Some(now_ms);
    }

    /// Runs `work` in front of this host.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _back = Back(&self.scene);
        swap(&mut self.scene.borrow_mut());
        work()
    }

    /// What was fetched, oldest first.
    pub fn sent(&self) -> Vec<FetchRequest> {
        self.scene.borrow().sent.clone()
    }
}

/// Puts the scene that was before back, also if a test panics.
struct Back<'p>(&'p RefCell<Scene>);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        swap(&mut self.0.borrow_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv;

    #[test]
    fn a_host_keeps_its_own_values_for_their_time() {
        let (ours, other) = (Played::silent(), Played::silent());
        ours.set_clock(1_000_000);
        ours.run(|| {
            kv::set("k", b"v", 10);
            assert_eq!(kv::add("n", 2, 10), 2);
        });
        assert_eq!(other.run(|| kv::get("k")), None);
        ours.set_clock(1_009_000);
        ours.run(|| {
            assert_eq!(kv::get("k").unwrap(), b"v");
            assert_eq!(kv::add("n", 3, 10), 5);
            assert_eq!(kv::get("n").unwrap(), b"5");
        });
        ours.set_clock(1_010_000);
        let (gone, begun) = ours.run(|| (kv::get("k"), kv::add("n", 1, 10)));
        assert_eq!(
            (gone, begun),
            (None, 1),
            "a sum keeps the time it began with"
        );
    }

    #[test]
    fn nothing_is_fetched_that_nobody_plays() {
        let played = Played::silent();
        let failed = played.run(|| FetchRequest::get("/a").send()).unwrap_err();
        assert_eq!(failed.kind, "internal");
        assert_eq!(played.sent()[0].url, "/a");
    }

    #[test]
    fn an_answer_says_whether_trying_again_may_help() {
        let mut busy = FetchResponse::text_of(429, "later");
        busy.headers.push(("Retry-After".into(), "7".into()));
        let error = busy.ok().unwrap_err();
        let said = (&*error.kind, error.status, error.retry_after_ms);
        assert_eq!(said, ("rate-limit", Some(429), Some(7000)));
        for (status, kind) in [
            (400, "invalid-request"),
            (401, "authentication"),
            (403, "permission"),
            (404, "not-found"),
            (500, "upstream"),
            (503, "overloaded"),
            (504, "timeout"),
        ] {
            let error = FetchResponse::text_of(status, "").ok().unwrap_err();
            assert_eq!(error.kind, kind, "{status}");
        }
        assert!(FetchResponse::text_of(204, "").ok().is_ok());
        assert_eq!(
            FetchResponse::text_of(200, "<").json().unwrap_err().kind,
            "upstream"
        );
    }
}
