//! What a request carries: bytes, or pieces of which some lie on disk.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Frame, SizeHint};

use super::spool::Spooled;

/// A file of a call, in memory or on disk.
#[derive(Debug, Clone)]
pub enum FileContent {
    Held(Bytes),
    Spooled(Spooled),
}

/// A body. A clone is the same body.
#[derive(Debug, Clone)]
pub enum Content {
    Held(Bytes),
    Pieces(Arc<[FileContent]>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Held(Bytes::new())
    }
}

impl FileContent {
    /// In bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::Spooled(file) => file.length(),
        }
    }
}

impl Content {
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Held(bytes) if bytes.is_empty())
    }

    /// Its bytes, if it is in memory.
    pub const fn held(&self) -> Option<&Bytes> {
        match self {
            Self::Held(bytes) => Some(bytes),
            Self::Pieces(_) => None,
        }
    }

    pub(super) fn into_body(self) -> reqwest::Body {
        match self {
            Self::Held(bytes) => bytes.into(),
            Self::Pieces(pieces) => reqwest::Body::wrap(Measured {
                left: pieces.iter().map(FileContent::length).sum(),
                bytes: Box::pin(stream(pieces)),
            }),
        }
    }
}

fn stream(pieces: Arc<[FileContent]>) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
    async_stream::try_stream! {
        for piece in pieces.iter() {
            match piece {
                FileContent::Held(bytes) => yield bytes.clone(),
                FileContent::Spooled(file) => {
                    let mut offset = 0;
                    while offset < file.length() {
                        let bytes = file.piece(offset).await?;
                        offset += bytes.len() as u64;
                        yield bytes;
                    }
                }
            }
        }
    }
}

/// A stream whose length is known: upstreams take no upload without one.
struct Measured {
    bytes: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + Sync>>,
    left: u64,
}

impl http_body::Body for Measured {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = self.bytes.as_mut().poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.left = self.left.saturating_sub(bytes.len() as u64);
        }
        next.map(|it| it.map(|it| it.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
