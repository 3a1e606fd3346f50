//! As much of HTTP/1.1 as measuring needs: one request at a time on a connection, answers with a
//! length or in chunks.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;

/// The bytes of a POST with a JSON body.
pub(crate) fn post(path: &str, key: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

/// A connection that is kept open.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        Ok(Self::from(stream))
    }

    pub(crate) fn from(stream: TcpStream) -> Self {
        // Without this, small writes wait for the peer's acknowledgements.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Reads more; false at the end.
    async fn more(&mut self) -> Result<bool, Failure> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// The head of the next message, in lower case.
    pub(crate) async fn head(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return Ok(String::from_utf8_lossy(&head).to_ascii_lowercase());
            }
            if !self.more().await? {
                return Err("the connection was closed before a head came".into());
            }
        }
    }

    /// The next `length` bytes.
    pub(crate) async fn take(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        while self.buffer.len() < length {
            if !self.more().await? {
                return Err("the connection was closed in the middle of a body".into());
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }

    /// The next chunk of a chunked body; empty at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Vec<u8>, Failure> {
        let line = loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                break self.take(end + 2).await?;
            }
            if !self.more().await? {
                return Err("the connection was closed in the middle of a body".into());
            }
        };
        let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16)?;
        let mut chunk = self.take(size + 2).await?;
        chunk.truncate(size);
        Ok(chunk)
    }

    /// A whole answer; an error if its status is not 200.
    pub(crate) async fn answer(&mut self) -> Result<(), Failure> {
        let head = self.head().await?;
        match length(&head) {
            Some(length) => drop(self.take(length).await?),
            None => while !self.chunk().await?.is_empty() {},
        }
        if head.starts_with("http/1.1 200") {
            Ok(())
        } else {
            Err(head.lines().next().unwrap_or_default().into())
        }
    }
}

/// The `content-length` of a head in lower case.
pub(crate) fn length(head: &str) -> Option<usize> {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    line.trim().parse().ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
