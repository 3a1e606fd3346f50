//! Tests: an upstream that answers from memory, so that the clock can be paused: nothing here waits
//! for a socket.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::{Instant, sleep};

/// Answers by the host that is asked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// What is asked next gets the first; the last one stays.
    answers: HashMap<String, VecDeque<Answer>>,
    asked: Vec<(String, Duration)>,
    began: Instant,
}

/// An answer, and how long each part of it takes.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    /// Before the head.
    after: Duration,
    pieces: Vec<(Duration, &'static str)>,
    /// It never ends.
    open: bool,
}

impl Answer {
    pub fn of(status: u16, content_type: &'static str) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type)],
            after: Duration::ZERO,
            pieces: Vec::new(),
            open: false,
        }
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    /// What comes next, after this time.
    pub fn then(mut self, wait: Duration, piece: &'static str) -> Self {
        self.pieces.push((wait, piece));
        self
    }

    /// Nothing follows, and no end.
    pub fn then_silence(mut self) -> Self {
        self.open = true;
        self
    }
}

impl Memory {
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                answers: HashMap::new(),
                asked: Vec::new(),
                began: Instant::now(),
            })),
        }
    }

    /// What a host answers, one after the other; the last answer again and again.
    pub fn will(&self, host: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers = answers.into_iter().collect();
        self.state().answers.insert(host.to_owned(), answers);
    }

    /// The hosts that were asked, each with when, in milliseconds since the last time this was
    /// called. Timers are exact to the millisecond; the last digit is cut off.
    pub fn asked(&self) -> Vec<(String, u128)> {
        let mut state = self.state();
        state.began = Instant::now();
        let asked = std::mem::take(&mut state.asked).into_iter();
        asked
            .map(|(host, at)| (host, at.as_millis() / 10 * 10))
            .collect()
    }

    pub(super) async fn answer(
        &self,
        request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Response> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let answer = self.next(host);
        sleep(answer.after).await;
        let pieces = stream::iter(answer.pieces).then(|(wait, piece)| async move {
            sleep(wait).await;
            Ok::<_, std::io::Error>(piece)
        });
        let body = match answer.open {
            true => reqwest::Body::wrap_stream(pieces.chain(stream::pending())),
            false => reqwest::Body::wrap_stream(pieces),
        };
        let mut response = http::Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        Ok(response.body(body).unwrap().into())
    }

    fn next(&self, host: String) -> Answer {
        let mut state = self.state();
        let at = state.began.elapsed();
        let answers = state.answers.get_mut(&host).unwrap();
        let answer = match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        };
        state.asked.push((host, at));
        answer.unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
