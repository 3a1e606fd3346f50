//! An upstream's answer: read whole, or cut into frames as it comes. Capped in size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use sluice_framing::{Frame, Framing, Splitter};
use tokio::time::Instant;

use crate::domain::{ErrorKind, Fault, Retry};

/// Longest frame of a stream, in bytes. Lines of 460 KB were recorded.
pub const MAX_FRAME: usize = 16 << 20;

/// Longest stream, in bytes: a stream that never ends is ended here.
pub const MAX_STREAM: usize = 512 << 20;

/// An answer whose body is still to come. Dropping it cancels the request.
#[derive(Debug)]
pub struct UpstreamReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub(super) body: reqwest::Response,
    pub(super) idle: Duration,
    pub(super) deadline: Instant,
}

impl UpstreamReply {
    /// 200 to 299. Redirects are none: they are not followed.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    pub fn content_type(&self) -> &str {
        let value = self.headers.get(http::header::CONTENT_TYPE);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The next piece of the body; none at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let until = (Instant::now() + self.idle).min(self.deadline);
        match tokio::time::timeout_at(until, self.body.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(cause)) => Err(cut(&cause)),
            Err(_) => Err(stalled()),
        }
    }

    /// The whole body, at most `cap` bytes of it.
    pub async fn read_whole(mut self, cap: usize) -> Result<Bytes, Fault> {
        let mut first: Option<Bytes> = None;
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if first.as_ref().map_or(0, Bytes::len) + all.len() + chunk.len() > cap {
                return Err(too_large(cap));
            }
            match first.take() {
                None if all.is_empty() => first = Some(chunk),
                Some(piece) => {
                    all.extend_from_slice(&piece);
                    all.extend_from_slice(&chunk);
                }
                None => all.extend_from_slice(&chunk),
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    }

    /// The body as it comes.
    pub const fn pieces(self) -> Pieces {
        Pieces {
            reply: self,
            taken: 0,
        }
    }

    /// The body in frames. `None` chooses by the content type: an answer that is no stream comes
    /// as one frame, a JSON array as its elements.
    pub fn frames(self, framing: Option<Framing>) -> FrameReader {
        let by_type = || {
            let json = self.content_type().contains("json");
            let whole = if json {
                Framing::JsonArray
            } else {
                Framing::Sse
            };
            Framing::from_content_type(self.content_type()).unwrap_or(whole)
        };
        let framing = framing.unwrap_or_else(by_type);
        FrameReader {
            splitter: Splitter::new(framing, MAX_FRAME),
            reply: self,
            ended: false,
            taken: 0,
        }
    }
}

/// Reads the body as it comes.
#[derive(Debug)]
pub struct Pieces {
    reply: UpstreamReply,
    /// Bytes read so far.
    taken: usize,
}

impl Pieces {
    /// More of the body; none at its end.
    ///
    /// # Errors
    /// It was cut off, stands still, or does not end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let piece = self.reply.chunk().await?;
        self.taken += piece.as_ref().map_or(0, Bytes::len);
        if self.taken > MAX_STREAM {
            return Err(endless());
        }
        Ok(piece)
    }
}

/// Reads frames.
#[derive(Debug)]
pub struct FrameReader {
    reply: UpstreamReply,
    splitter: Splitter,
    ended: bool,
    /// Bytes read so far.
    taken: usize,
}

/// What one read brought.
#[derive(Debug, Default)]
pub struct Batch {
    pub frames: Vec<Frame>,
    /// The stream is over.
    pub last: bool,
    /// The stream ended with its end marker (`[DONE]`).
    pub marked: bool,
}

impl FrameReader {
    /// All frames that came since the last call, at least one unless the stream is over.
    pub async fn next(&mut self) -> Result<Batch, Fault> {
        let mut batch = Batch::default();
        while batch.frames.is_empty() && !self.ended {
            match self.reply.chunk().await? {
                Some(chunk) => {
                    self.taken += chunk.len();
                    if self.taken > MAX_STREAM {
                        return Err(endless());
                    }
                    self.splitter
                        .push(&chunk, &mut batch.frames)
                        .map_err(|cause| uncut(&cause))?;
                }
                None => {
                    self.splitter
                        .finish(&mut batch.frames)
                        .map_err(|cause| uncut(&cause))?;
                    self.ended = true;
                }
            }
            self.ended |= self.splitter.done();
        }
        batch.last = self.ended;
        batch.marked = self.splitter.done();
        Ok(batch)
    }
}

fn uncut(cause: &sluice_framing::FramingError) -> Fault {
    Fault::upstream(
        ErrorKind::Upstream,
        format!("the upstream's stream cannot be read: {cause}"),
    )
}

/// An answer over the cap. Asked again, the upstream would make, and charge, the same one.
pub fn too_large(cap: usize) -> Fault {
    let message = format!("the upstream's answer is larger than {} MiB", cap >> 20);
    Fault {
        retry: Retry::Never,
        ..Fault::upstream(ErrorKind::Upstream, message)
    }
}

fn endless() -> Fault {
    let message = format!(
        "the upstream's stream is longer than {} MiB",
        MAX_STREAM >> 20
    );
    Fault {
        retry: Retry::Never,
        ..Fault::upstream(ErrorKind::Upstream, message)
    }
}

fn stalled() -> Fault {
    Fault::upstream(
        ErrorKind::Timeout,
        "the upstream stopped answering before its answer was complete",
    )
}

fn cut(cause: &reqwest::Error) -> Fault {
    let message = "the upstream closed the connection before its answer was complete";
    Fault::upstream(ErrorKind::Upstream, message).with_log(super::describe(cause))
}
