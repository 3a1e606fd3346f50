//! A connection with a client, given up when nothing moves: one that never says which HTTP it
//! speaks, and one that never reads what it asked for. What lies between (a slow head, a slow
//! body) has limits of its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Bytes after which the version of HTTP is known: the length of HTTP/2's preface.
const PREFACE: usize = 24;

/// A stream with limits of time.
#[derive(Debug)]
pub struct Patience<S> {
    stream: S,
    /// Runs until the version is known.
    opening: Option<Pin<Box<Sleep>>>,
    read: usize,
    /// How long a write may wait for the client.
    stall: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patience<S> {
    pub fn new(stream: S, opening: Duration, stall: Duration) -> Self {
        Self {
            stream,
            opening: Some(Box::pin(tokio::time::sleep(opening))),
            read: 0,
            stall,
            waiting: None,
        }
    }

    /// What a write came to, with the time it may wait.
    fn wrote<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.waiting = None;
            return poll;
        }
        let stall = self.stall;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(given_up("the client does not read its answer")))
    }
}

fn given_up(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.opening.is_none() {
            return poll;
        }
        if poll.is_ready() {
            self.read += buffer.filled().len() - before;
            if self.read >= PREFACE {
                self.opening = None;
            }
            return poll;
        }
        if let Some(opening) = &mut self.opening {
            ready!(opening.as_mut().poll(context));
        }
        Poll::Ready(Err(given_up("the client sent no request")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.wrote(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.wrote(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_client_that_sends_nothing_is_given_up() {
        let (_client, server) = tokio::io::duplex(64);
        let mut server = Patience::new(server, SHORT, LONG);
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_has_begun_may_be_silent() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = Patience::new(server, SHORT, LONG);
        client
            .write_all(b"POST /v1/chat/completions HTTP/1.1\r\n")
            .await
            .unwrap();
        let mut seen = [0; 36];
        server.read_exact(&mut seen).await.unwrap();
        let more = tokio::time::timeout(SHORT * 2, server.read_u8()).await;
        assert!(more.is_err(), "{more:?}");
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_given_up_and_a_slow_one_is_not() {
        let (mut client, server) = tokio::io::duplex(8);
        let mut server = Patience::new(server, LONG, SHORT);
        let reader = async {
            let mut seen = [0; 8];
            for _ in 0..3 {
                client.read_exact(&mut seen).await.unwrap();
            }
        };
        let (wrote, ()) = tokio::join!(server.write_all(&[7; 24]), reader);
        wrote.unwrap();
        let error = server.write_all(&[7; 24]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
