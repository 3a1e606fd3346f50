//! What a guest prints or logs, by line, into the gateway's log: cut and counted.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// The log of one instance. Clones share it.
#[derive(Clone)]
pub(crate) struct GuestLog(Arc<Shared>);

struct Shared {
    plugin: Arc<str>,
    line_bytes: usize,
    dropped: Arc<AtomicU64>,
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
    pub(crate) fn new(plugin: Arc<str>, line_bytes: usize, dropped: Arc<AtomicU64>) -> Self {
        let state = Mutex::new(State {
            call: String::new(),
            lines_left: 0,
            pending: Vec::new(),
        });
        Self(Arc::new(Shared {
            plugin,
            line_bytes,
            dropped,
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

    fn emit(&self, state: &mut State, loudness: Loudness, line: &str) {
        if state.lines_left == 0 {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.lines_left -= 1;
        let mut end = line.len().min(self.0.line_bytes);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let line = line.get(..end).unwrap_or_default();
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
