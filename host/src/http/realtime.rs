//! Sessions over sockets: `/realtime` and its other paths. A client is let in, and its session opened
//! at an upstream, before its request is answered; so whatever refuses it is an answer of HTTP. Pages
//! in browsers cannot read that one, and are told over their socket.

use axum::Router;
use axum::extract::ws::{self, CloseFrame, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, future};
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::request::Parts;
use serde_json::{Map, Value};
use tokio_util::task::TaskTracker;

use super::calls::{passed_on, source};
use super::cors::Origin;
use super::error::{ApiError, event};
use super::steering::steer;
use super::{Doors, headers, priority};
use crate::auth::{Caller, allow_model, key_of_socket};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::{
    Broken, ClientRequest, Farewell, Message, Operation, Parting, Socket, Stopping,
};

/// The protocol that OpenAI's clients ask for and are given.
const PROTOCOL: &str = "realtime";

/// What the protocol of browsers says in place of the header `openai-beta`.
const BETA_PROTOCOL: &str = "openai-beta.";

/// What a socket reads ahead, in bytes.
const READ_AHEAD: usize = 16 << 10;

/// Sessions that are open, and how they learn that the gateway stops. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    pub open: TaskTracker,
    pub stopping: Stopping,
}

/// Adds the routes.
pub fn add_routes(mut router: Router<Doors>) -> Router<Doors> {
    for prefix in ["", "/v1", "/openai", "/openai/v1"] {
        router = router.route(&format!("{prefix}/realtime"), get(open_session));
    }
    router
}

/// `GET /realtime?model=...` as a socket. Azure's clients say `deployment` for `model`.
async fn open_session(State(doors): State<Doors>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let id = headers::call_id(&parts.extensions);
    let caller = parts.extensions.remove::<Caller>();
    let upgrade = match upgrade(&doors, &mut parts).await {
        Ok(upgrade) => upgrade,
        Err(fault) => return ApiError::from(fault).into_response(),
    };
    let in_browser = key_of_socket(&parts.headers, parts.uri.path()).is_some();
    let limits = doors.admission();
    let priority = match priority::of_headers(&doors, &parts.headers) {
        Ok(priority) => priority,
        Err(fault) => return refused(fault, upgrade, in_browser),
    };
    let turn = match doors.turnstile.enter(&limits, priority).await {
        Ok(turn) => turn,
        Err(shed) => {
            doors.metrics.shed(shed.as_str());
            return refused(shed.fault(&limits), upgrade, in_browser);
        }
    };
    let read = caller
        .ok_or_else(|| Fault::ours("the caller is not known", "a call without a caller"))
        .and_then(|caller| {
            let request = asked(&doors, &caller, &parts)?;
            Ok((caller, request))
        });
    let read = match read {
        Ok((caller, request)) => {
            let request = stand_in(&doors, &caller, request).await;
            request.map(|request| (caller, request))
        }
        Err(fault) => Err(fault),
    };
    let (caller, mut request) = match read {
        Ok(read) => read,
        Err(fault) => {
            tracing::info!(call.id = %id, http.path = parts.uri.path(), operation = "realtime", fault = %fault, "a request was refused");
            return refused(fault, upgrade, in_browser);
        }
    };
    request.id = id;
    let mut source = source(&parts, &request.controls);
    if doors.pipeline.watchers().otel.is_on() {
        let text = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        source.traceparent = text("traceparent");
        source.tracestate = text("tracestate");
    }
    let opened = doors.pipeline.open_session(&caller, request, source).await;
    match opened {
        Ok(opened) => {
            let trail = opened.trail.clone();
            let sessions = doors.sessions.clone();
            let open = sessions.open.token();
            let mut response = upgrade.on_upgrade(move |client| async move {
                let _held = (turn, open);
                opened.relay(socket(client), &sessions.stopping).await;
            });
            headers::add_trail(response.headers_mut(), &trail);
            response
        }
        Err(failure) => {
            let mut response = refused(failure.fault, upgrade, in_browser);
            headers::add_trail(response.headers_mut(), &failure.trail);
            response
        }
    }
}

/// The request as one for a socket.
async fn upgrade(doors: &Doors, parts: &mut Parts) -> Result<WebSocketUpgrade, Fault> {
    // Browsers keep no page from a socket; whoever asks for one from elsewhere is refused here.
    if doors.judge_browser(&parts.headers)? == Origin::Unknown {
        let text = "pages of this origin may open no session: list it in LITELLM_CORS_ORIGINS";
        return Err(Fault::caller(ErrorKind::Permission, text).with_param("origin"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await;
    let upgrade = upgrade.map_err(|rejection| {
        let text = format!(
            "`{}` is opened as a WebSocket: {}",
            parts.uri.path(),
            rejection.body_text()
        );
        Fault::caller(ErrorKind::InvalidRequest, text).with_status(426)
    })?;
    let most = doors.max_request_bytes();
    Ok(upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_AHEAD)
        .max_message_size(most)
        .max_frame_size(most))
}

/// What is asked for, judged by the rules of the caller.
fn asked(doors: &Doors, caller: &Caller, parts: &Parts) -> Result<ClientRequest, Fault> {
    let query = parts.uri.query().unwrap_or_default();
    let (mut body, mut params) = (Map::new(), Vec::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            // In this order: of both, `model` counts.
            "deployment" => drop(body.entry("model").or_insert_with(|| value.as_ref().into())),
            "model" | "user" => drop(body.insert(name.into_owned(), value.as_ref().into())),
            "intent" => params.push((name.into_owned(), value.into_owned())),
            _ => {}
        }
    }
    let member = |name: &str| body.get(name).cloned();
    let gate = doors.gate();
    if gate.bodies.ask_anything(caller) {
        gate.bodies.judge(caller, member)?;
        if gate.bodies.reject_client_tags && parts.headers.contains_key("x-litellm-tags") {
            let text = "Client-side tags are not allowed; give the key or its team tags";
            let fault = Fault::caller(ErrorKind::InvalidRequest, text);
            return Err(fault.with_param("x-litellm-tags"));
        }
    }
    let body = Bytes::from(Value::from(body).to_string());
    let mut headers = passed_on(&parts.headers);
    headers.extend(beta(&parts.headers));
    let mut request = ClientRequest::parse(Operation::Realtime, body, None, headers)?;
    request.params = params;
    // It writes as long as it lasts.
    request.controls.stream = true;
    let people = &doors.pipeline.fleet().config.general.user_headers;
    steer(&mut request.controls, &parts.headers, people)?;
    let asked = request.controls.model.clone();
    let allowed = allow_model(caller, &gate.catalog, &asked)?;
    allowed.target.clone_into(&mut request.controls.model);
    Ok(request)
}

/// The request, as its customer lets it be made.
async fn stand_in(
    doors: &Doors,
    caller: &Caller,
    request: ClientRequest,
) -> Result<ClientRequest, Fault> {
    let gate = doors.gate();
    let allow = |model: &str| {
        let allowed = allow_model(caller, &gate.catalog, model)?;
        Ok(allowed.target.to_owned())
    };
    let request = Box::new(request);
    let stood = doors
        .pipeline
        .stand_in(caller, request, (&allow, &gate.catalog));
    stood.await.map(|it| *it)
}

/// `openai-beta`, where it is said by a protocol: `openai-beta.realtime-v1` for `realtime=v1`.
fn beta(headers: &HeaderMap) -> Option<(String, String)> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut protocols = lists
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','));
    let said = protocols.find_map(|it| it.trim().strip_prefix(BETA_PROTOCOL))?;
    let (name, version) = said.rsplit_once('-')?;
    Some(("openai-beta".to_owned(), format!("{name}={version}")))
}

/// A refusal: as an answer, or in a browser over the socket that it asked for.
fn refused(fault: Fault, upgrade: WebSocketUpgrade, in_browser: bool) -> Response {
    if !in_browser {
        return ApiError::from(fault).into_response();
    }
    let parting = Parting::of(&fault, event);
    upgrade.on_upgrade(move |client| parting.tell(socket(client)))
}

/// A client's socket, as the pipeline knows sockets.
fn socket(client: WebSocket) -> Socket {
    let (outgoing, incoming) = client.split();
    let incoming = incoming.map(|came| came.map(read).map_err(broken));
    let outgoing = outgoing
        .sink_map_err(broken)
        .with(|it| future::ready(write(it)));
    Socket {
        incoming: Box::pin(incoming),
        outgoing: Box::pin(outgoing),
    }
}

fn read(message: ws::Message) -> Message {
    match message {
        ws::Message::Text(text) => Message::Text(text.into()),
        ws::Message::Binary(bytes) => Message::Binary(bytes),
        ws::Message::Ping(_) | ws::Message::Pong(_) => Message::Pong,
        ws::Message::Close(frame) => Message::Close(frame.map(|it| Farewell {
            code: it.code,
            reason: it.reason.to_string(),
        })),
    }
}

fn write(message: Message) -> Result<ws::Message, Broken> {
    Ok(match message {
        Message::Text(text) => {
            let text = ws::Utf8Bytes::try_from(text);
            ws::Message::Text(text.map_err(|it| Broken::Cut(it.to_string()))?)
        }
        Message::Binary(bytes) => ws::Message::Binary(bytes),
        Message::Ping => ws::Message::Ping(Bytes::new()),
        Message::Pong => ws::Message::Pong(Bytes::new()),
        Message::Close(farewell) => ws::Message::Close(farewell.map(|it| CloseFrame {
            code: it.code,
            reason: it.reason.into(),
        })),
    })
}

fn broken(cause: axum::Error) -> Broken {
    Broken::of(&*cause.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beta_is_asked_for_by_a_header_or_by_a_protocol() {
        let mut headers = HeaderMap::new();
        assert_eq!(beta(&headers), None);
        let protocols = "realtime, openai-insecure-api-key.sk-1, openai-beta.realtime-v1";
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols.parse().unwrap());
        let said = beta(&headers).unwrap();
        assert_eq!(
            (said.0.as_str(), said.1.as_str()),
            ("openai-beta", "realtime=v1")
        );
    }

    #[test]
    fn what_goes_over_a_socket_is_the_same_on_both_sides() {
        let farewell = Farewell {
            code: 4000,
            reason: "why".into(),
        };
        for message in [
            Message::Text(Bytes::from_static(b"{}")),
            Message::Binary(Bytes::from_static(b"\xff")),
            Message::Pong,
            Message::Close(None),
            Message::Close(Some(farewell)),
        ] {
            assert_eq!(read(write(message.clone()).unwrap()), message);
        }
        assert_eq!(read(write(Message::Ping).unwrap()), Message::Pong);
        assert!(write(Message::Text(Bytes::from_static(b"\xff"))).is_err());
    }
}
