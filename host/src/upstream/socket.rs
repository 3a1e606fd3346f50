//! Sockets: a request that the upstream answers by going over to WebSocket (RFC 6455). It is sent as
//! any other, so addresses, certificates, proxies and credentials are judged and made as for those.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use http::HeaderValue;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

use super::options::Options;
use super::reply::UpstreamReply;
use super::request::Request;
use super::target::Target;
use super::{Upstream, describe};
use crate::domain::{ErrorKind, Fault};

/// Longest time until an upstream has gone over to WebSocket.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What a socket reads ahead, in bytes: events are small, and each session has two sockets.
const READ_AHEAD: usize = 16 << 10;

/// What goes over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Valid UTF-8.
    Text(Bytes),
    Binary(Bytes),
    /// Asks the other end whether it is there. Those that come are answered where they come.
    Ping,
    /// The other end is there.
    Pong,
    Close(Option<Farewell>),
}

/// Why a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    pub code: u16,
    pub reason: String,
}

/// A socket that ended without a farewell, or cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("a message is larger than the gateway takes")]
    TooLarge,
    #[error("the connection broke: {0}")]
    Cut(String),
}

impl Broken {
    /// What an error of a socket means, wherever that is.
    pub fn of(cause: &(dyn std::error::Error + 'static)) -> Self {
        match cause.downcast_ref() {
            Some(tungstenite::Error::Capacity(_)) => Self::TooLarge,
            _ => Self::Cut(cause.to_string()),
        }
    }
}

/// What comes over a socket.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Message, Broken>> + Send>>;

/// What goes out over a socket.
pub type Outgoing = Pin<Box<dyn Sink<Message, Error = Broken> + Send>>;

/// Both directions of a socket, to an upstream or to a client.
pub struct Socket {
    pub incoming: Incoming,
    pub outgoing: Outgoing,
}

/// What an upstream answered to the wish for a socket.
pub enum Dialled {
    Open(Socket),
    /// Any other answer.
    Refused(UpstreamReply),
}

impl Upstream {
    /// Opens a socket. Messages of more than `most` bytes are not read.
    ///
    /// # Errors
    /// There is no answer, or one that is none.
    pub async fn dial(
        &self,
        target: &Target,
        mut request: Request,
        (options, most): (&Options, usize),
    ) -> Result<Dialled, Fault> {
        let key = STANDARD.encode(uuid::Uuid::new_v4().as_bytes());
        let mut add = |name, value: HeaderValue| request.headers.insert(name, value);
        add(CONNECTION, HeaderValue::from_static("Upgrade"));
        add(UPGRADE, HeaderValue::from_static("websocket"));
        add(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        if let Ok(key) = HeaderValue::from_str(&key) {
            add(SEC_WEBSOCKET_KEY, key);
        }
        let limit = options.timeout.map_or(HANDSHAKE, |it| it.min(HANDSHAKE));
        let timed = Options {
            timeout: Some(limit),
            ..options.clone()
        };
        let reply = self.round(target, request, (&timed, true)).await?;
        if reply.status != 101 {
            return Ok(Dialled::Refused(reply));
        }
        let accepted = reply.headers.get(SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|it| it.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
            let message = "the upstream's answer to the WebSocket handshake is none";
            return Err(Fault::upstream(ErrorKind::Upstream, message));
        }
        let upgraded = reply.body.upgrade().await.map_err(|cause| {
            let message = "the upstream did not go over to WebSocket";
            Fault::upstream(ErrorKind::Upstream, message).with_log(describe(&cause))
        })?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_AHEAD)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let (outgoing, incoming) = socket.split();
        let incoming = incoming.filter_map(|it| future::ready(read(it)));
        let outgoing = outgoing
            .sink_map_err(|cause| Broken::of(&cause))
            .with(|it| future::ready(write(it)));
        Ok(Dialled::Open(Socket {
            incoming: Box::pin(incoming),
            outgoing: Box::pin(outgoing),
        }))
    }
}

fn read(came: tungstenite::Result<tungstenite::Message>) -> Option<Result<Message, Broken>> {
    use tungstenite::Message as Theirs;
    Some(match came {
        Ok(Theirs::Text(text)) => Ok(Message::Text(text.into())),
        Ok(Theirs::Binary(bytes)) => Ok(Message::Binary(bytes)),
        Ok(Theirs::Ping(_) | Theirs::Pong(_)) => Ok(Message::Pong),
        Ok(Theirs::Close(frame)) => Ok(Message::Close(frame.map(|it| Farewell {
            code: it.code.into(),
            reason: it.reason.to_string(),
        }))),
        Ok(Theirs::Frame(_)) => return None,
        // The farewells were said.
        Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
            return None;
        }
        Err(cause) => Err(Broken::of(&cause)),
    })
}

fn write(message: Message) -> Result<tungstenite::Message, Broken> {
    use tungstenite::Message as Theirs;
    Ok(match message {
        Message::Text(text) => {
            let text = Utf8Bytes::try_from(text).map_err(|it| Broken::Cut(it.to_string()))?;
            Theirs::Text(text)
        }
        Message::Binary(bytes) => Theirs::Binary(bytes),
        Message::Ping => Theirs::Ping(Bytes::new()),
        Message::Pong => Theirs::Pong(Bytes::new()),
        Message::Close(farewell) => Theirs::Close(farewell.map(|it| CloseFrame {
            code: CloseCode::from(it.code),
            reason: it.reason.into(),
        })),
    })
}
