//! What a guest prints or logs, by line, into the gateway's log: cut, counted, and unable to look
//! like a line of the gateway's own.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::stats::Counters;
use crate::wasi::Asked;

/// The log of one instance. Clones share it.
#[derive(Clone)]
pub(crate) struct GuestLog(Arc<Shared>);

struct Shared {
    plugin: Arc<str>,
    line_bytes: usize,
    counters: Arc<Counters>,
    state: Mutex<State>,
}

struct State {
    call: String,
    lines_left: u32,
    /// The line that is being printed.
    pending: Vec<u8>,
}

/// How loud a line is.
#[derive(Clone, Copy)]
pub(crate) enum Loudness {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl GuestLog {
    pub(crate) fn new(plugin: Arc<str>, line_bytes: usize, counters: Arc<Counters>) -> Self {
        let state = Mutex::new(State {
            call: String::new(),
            lines_left: 0,
            pending: Vec::new(),
        });
        Self(Arc::new(Shared {
            plugin,
            line_bytes,
            counters,
            state,
        }))
    }

    /// A call begins: lines are its, and are counted anew.
    pub(crate) fn begin(&self, call: &str, lines: u32) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.call.clear();
        state.call.push_str(call);
        state.lines_left = lines;
        state.pending.clear();
    }

    /// A call ended: what was printed without a line break is a line too.
    pub(crate) fn end(&self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.pending.is_empty() {
            let line = std::mem::take(&mut state.pending);
            self.emit(&mut state, Loudness::Warn, &String::from_utf8_lossy(&line));
        }
    }

    pub(crate) fn line(&self, loudness: Loudness, line: &str) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.emit(&mut state, loudness, line);
    }

    /// The guest asked WASI for what it does not get: a line of the gateway's own, once.
    pub(crate) fn asked(&self, what: Asked) {
        if !self.0.counters.count_asked(what) {
            return;
        }
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (plugin, call) = (&*self.0.plugin, state.call.as_str());
        tracing::warn!(target: "plugin", { plugin.name = plugin, call.id = call }, "{}", what.told());
    }

    fn emit(&self, state: &mut State, loudness: Loudness, line: &str) {
        if state.lines_left == 0 {
            self.0.counters.count_log_line(false);
            return;
        }
        self.0.counters.count_log_line(true);
        state.lines_left -= 1;
        let line = printable(line, self.0.line_bytes);
        let (plugin, call) = (&*self.0.plugin, state.call.as_str());
        macro_rules! say {
            ($level:ident) => {
                tracing::$level!(target: "plugin", { plugin.name = plugin, call.id = call }, "{line}")
            };
        }
        match loudness {
            Loudness::Trace => say!(trace),
            Loudness::Debug => say!(debug),
            Loudness::Info => say!(info),
            Loudness::Warn => say!(warn),
            Loudness::Error => say!(error),
        }
        if state.lines_left == 0 {
            tracing::warn!(target: "plugin", { plugin.name = plugin, call.id = call },
                "the plugin's further log lines of this call are dropped");
        }
    }

    fn print(&self, bytes: &[u8]) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = self.0.line_bytes.saturating_sub(state.pending.len());
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            state.pending.extend(text.iter().take(room));
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut state.pending);
                self.emit(&mut state, Loudness::Warn, &String::from_utf8_lossy(&line));
            }
        }
    }
}

/// A line as it may stand in the log: at most `max` bytes of it, and no character that a terminal
/// or a reader of lines would act on.
fn printable(line: &str, max: usize) -> Cow<'_, str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let end = line.floor_char_boundary(max);
    let (kept, is_cut) = (line.get(..end).unwrap_or_default(), end < line.len());
    if !is_cut && !kept.chars().any(acts) {
        return Cow::Borrowed(kept);
    }
    let mut out = String::with_capacity(kept.len() + 16);
    for character in kept.chars() {
        if acts(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    if is_cut {
        // Writing to a string does not fail.
        let _ = write!(out, "… ({} bytes more)", line.len() - end);
    }
    Cow::Owned(out)
}

/// Control characters, line and paragraph separators, and what turns the direction of text.
fn acts(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_cannot_steer_a_terminal() {
        let forged = "fine\n2026-01-01 ERROR all is lost\r\u{1b}[2J\u{2028}\u{202e}";
        assert_eq!(
            printable(forged, 1000),
            r"fine\n2026-01-01 ERROR all is lost\r\u{1b}[2J\u{2028}\u{202e}"
        );
        assert!(matches!(
            printable("tab\tand ümläut\r", 1000),
            Cow::Borrowed("tab\tand ümläut")
        ));
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_says_so() {
        assert_eq!(printable("aüü", 2), "a… (4 bytes more)");
    }
}
