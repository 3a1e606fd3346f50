//! The operations that clients call models with.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::came::Came;
use super::error::ApiError;
use super::part::Part;
use super::server::Peer;
use super::steering::steer;
use super::turnstile::Turn;
use super::{Doors, body, came, form, headers, unknown};
use crate::auth::{allow_cache_controls, allow_model};
use crate::pipeline::accounting::Source;
use crate::pipeline::{
    Answer, AnswerBody, ClientRequest, Controls, Dialect, Embed, Operation, Uploads, cursor,
    embedded,
};
use crate::telemetry::times::Stage;

/// Headers of clients that providers understand and that are passed on.
const PASSED_ON: &[&str] = &["anthropic-beta", "anthropic-version", "openai-beta"];

/// `POST /chat/completions`: one chat completion, whole or streamed.
pub async fn chat_completions(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Chat.into(), request).await
}

/// `POST /completions`: one text completion.
pub async fn completions(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Completions.into(), request).await
}

/// `POST /embeddings`: vectors of texts.
pub async fn embeddings(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Embeddings.into(), request).await
}

/// `POST /responses`: one response, whole or streamed.
pub async fn responses(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Responses.into(), request).await
}

/// `POST /v1/messages`, to providers that have it.
pub async fn messages(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Messages.into(), request).await
}

/// `POST /v1/messages/count_tokens`: the provider's count, else the gateway's.
pub async fn count_tokens(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::CountTokens.into(), request).await
}

/// `POST /responses/input_tokens`: how long a response's input is, before it is made.
pub async fn count_response(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::CountResponse.into(), request).await
}

/// `POST /cursor/chat/completions`: a chat, which Cursor may ask for as it asks for a response.
pub async fn cursors_chat(State(doors): State<Doors>, request: Request) -> Response {
    let asked = Asked {
        as_response: true,
        ..Operation::Chat.into()
    };
    ask(&doors, asked, request).await
}

/// `POST /rerank`: documents by how well they answer a question.
pub async fn rerank(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Rerank.into(), request).await
}

/// `POST /moderations`: what a text or an image is objectionable for.
pub async fn moderations(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Moderations.into(), request).await
}

/// `POST /images/generations`
pub async fn generate_images(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::ImagesGenerate.into(), request).await
}

/// `POST /images/edits`, a form.
pub async fn edit_images(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::ImagesEdit.into(), request).await
}

/// `POST /images/variations`, a form.
pub async fn vary_images(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::ImagesVary.into(), request).await
}

/// `POST /audio/speech`: sound of a text, whole or, by its `stream_format`, as it is made.
pub async fn speech(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Speech.into(), request).await
}

/// `POST /audio/transcriptions`, a form: the text of a sound, whole or streamed.
pub async fn transcribe(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Transcribe.into(), request).await
}

/// `POST /audio/translations`, a form: its text in English.
pub async fn translate(State(doors): State<Doors>, request: Request) -> Response {
    ask(&doors, Operation::Translate.into(), request).await
}

/// `POST /openai/deployments/{model}/...` and `/engines/{model}/...`: the path names the model.
pub async fn by_path(State(doors): State<Doors>, Part(rest): Part, request: Request) -> Response {
    let operations = [
        ("/chat/completions", Operation::Chat),
        ("/completions", Operation::Completions),
        ("/embeddings", Operation::Embeddings),
        ("/images/generations", Operation::ImagesGenerate),
        ("/images/edits", Operation::ImagesEdit),
    ];
    let found = operations
        .iter()
        .find_map(|(end, operation)| Some((rest.strip_suffix(end)?, *operation)));
    match found {
        Some((model, operation)) => {
            let asked = Asked {
                model: Some(model),
                ..operation.into()
            };
            ask(&doors, asked, request).await
        }
        None => {
            let (parts, _) = request.into_parts();
            unknown::unknown_route(parts.method, parts.uri)
                .await
                .into_response()
        }
    }
}

/// What a path asks for.
pub struct Asked<'p> {
    pub operation: Operation,
    /// The model that the path names.
    pub model: Option<&'p str>,
    /// Whether the path wants a stream; None: the body says it.
    pub streams: Option<bool>,
    /// The embeddings are asked for in Google's words.
    pub embeds: Option<Embed>,
    /// The chat may be asked for as a response.
    pub as_response: bool,
}

impl From<Operation> for Asked<'_> {
    fn from(operation: Operation) -> Self {
        Self {
            operation,
            model: None,
            streams: None,
            embeds: None,
            as_response: false,
        }
    }
}

/// Serves one call.
pub async fn ask(doors: &Doors, asked: Asked<'_>, request: Request) -> Response {
    let Asked {
        operation,
        model,
        streams,
        embeds,
        as_response,
    } = asked;
    let began = Instant::now();
    let (parts, incoming) = request.into_parts();
    let dialect = embeds.map_or_else(|| operation.dialect(), |_| Dialect::Google);
    let came = Came::with_body(doors, parts, incoming).await;
    let (came, incoming) = match came {
        Ok(came) => came,
        Err(fault) => return ApiError::new(fault, dialect).into_response(),
    };
    let Came {
        parts,
        id,
        caller,
        turn,
        queued,
    } = came;
    let read = body::read(incoming, &parts.headers, doors.max_request_bytes()).await;
    let (mut soft, mut back) = (Vec::new(), cursor::Back::default());
    let read = match embeds {
        Some(embed) => {
            soft = Embed::GOOGLE_ONLY.to_vec();
            read.and_then(|bytes| embedded::asked(embed, bytes))
        }
        None if as_response => {
            let drops = doors.pipeline.fleet().config.general.drop_params;
            let chat = read.and_then(|bytes| cursor::asked(bytes, drops));
            chat.map(|chat| {
                (soft, back) = (chat.soft, chat.back);
                chat.body
            })
        }
        None => read,
    };
    let read = match read {
        Ok(bytes) if operation.takes_form() => Box::pin(form::read(bytes, &parts.headers)).await,
        read => read.map(|bytes| (bytes, Uploads::default())),
    };
    let parsed = read.and_then(|form| {
        let passed_on = passed_on(&parts.headers);
        let mut request = ClientRequest::of_form(operation, form, model, passed_on)?;
        request.id = id.clone();
        request.controls.stream = streams.unwrap_or(request.controls.stream);
        request.controls.soft = soft;
        let fleet = doors.pipeline.fleet();
        let people = &fleet.config.general.user_headers;
        steer(&mut request.controls, &parts.headers, people)?;
        allow_cache_controls(&caller, &request.controls.cache.said())?;
        let gate = doors.gate();
        came::judge_body(&gate, &caller, &request)?;
        came::judge_tags(&gate, &parts.headers)?;
        let asked = request.controls.model.clone();
        let allowed = allow_model(&caller, &gate.catalog, &asked)?;
        allowed.target.clone_into(&mut request.controls.model);
        // What a client falls back to is asked for as well.
        let own = request.controls.fallbacks.iter().flatten();
        let long = request.controls.context_window_fallbacks.values();
        for fallback in own.map(|it| &it.model).chain(long) {
            allow_model(&caller, &gate.catalog, fallback)?;
        }
        // Its key's own settings open nothing that the key may not ask for.
        let own = doors.pipeline.fleet().own_routing(&caller);
        let barred = own.iter().flat_map(|it| &it.fallbacks);
        let barred = barred.filter(|it| allow_model(&caller, &gate.catalog, it).is_err());
        request.controls.barred = barred.cloned().collect();
        if let Some((_, name)) = &request.controls.mock {
            doors.allow_mock(name)?;
        }
        // It is handed on many times, and is large.
        Ok(Box::new(request))
    });
    let parsed = match parsed {
        Ok(request) => doors.pipeline.go_on(&caller, request).await,
        Err(fault) => Err(fault),
    };
    let parsed = match parsed {
        Ok(request) => {
            let gate = doors.gate();
            let allow = |model: &str| {
                let allowed = allow_model(&caller, &gate.catalog, model)?;
                Ok(allowed.target.to_owned())
            };
            doors
                .pipeline
                .stand_in(&caller, request, (&allow, &gate.catalog))
                .await
        }
        Err(fault) => Err(fault),
    };
    let request = match parsed {
        Ok(request) => request,
        Err(fault) => {
            let path = parts.uri.path();
            tracing::info!(call.id = %id, http.path = path, operation = operation.as_str(), fault = %fault, "a request was refused");
            return ApiError::new(fault, dialect).into_response();
        }
    };
    let mut source = source(&parts, &request.controls);
    source.queued = queued;
    came::traced(doors, &parts.headers, &mut source);
    doors.metrics.stage(Stage::Read, began.elapsed());
    let answer = doors.pipeline.run(&caller, request, source).await;
    let answer = match embeds {
        Some(embed) => answer.and_then(|it| embedded::back(embed, it)),
        None => answer,
    };
    match answer {
        Ok(answer) => respond(back.answer(answer), turn),
        Err(failure) => {
            let mut response = ApiError::new(failure.fault, dialect).into_response();
            headers::add_trail(response.headers_mut(), &failure.trail);
            response
        }
    }
}

/// `turn` ends with the answer.
pub(super) fn respond(answer: Answer, turn: Option<Turn>) -> Response {
    let streams = matches!(answer.body, AnswerBody::Stream(_) | AnswerBody::Sound(_));
    let body = match answer.body {
        AnswerBody::Whole(bytes) => Body::from(bytes),
        AnswerBody::File(stream) => {
            Body::from_stream(futures_util::StreamExt::map(stream, move |bytes| {
                let _served = &turn;
                bytes
            }))
        }
        AnswerBody::Stream(stream) => {
            Body::from_stream(futures_util::StreamExt::map(stream, move |bytes| {
                let _served = &turn;
                Ok::<_, std::convert::Infallible>(bytes)
            }))
        }
        AnswerBody::Sound(stream) => {
            Body::from_stream(futures_util::StreamExt::map(stream, move |piece| {
                let _served = &turn;
                piece
            }))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let content_type = match answer.content_type {
        Cow::Borrowed(kind) => HeaderValue::from_static(kind),
        // What an upstream calls it may be no header.
        Cow::Owned(kind) => HeaderValue::from_str(&kind)
            .unwrap_or(HeaderValue::from_static("application/octet-stream")),
    };
    headers.insert(CONTENT_TYPE, content_type);
    if streams {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    headers::add_trail(headers, &answer.trail);
    response
}

/// Where a call came from, for its spend row.
pub fn source(parts: &Parts, controls: &Controls) -> Source {
    let header = |name: &str| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned()).filter(|it| !it.is_empty())
    };
    let peer = parts.extensions.get::<Peer>();
    let session = header("x-litellm-session-id").or_else(|| header("x-litellm-trace-id"));
    Source {
        client_ip: peer.map(|peer| peer.0.ip().to_canonical().to_string()),
        user_agent: header("user-agent"),
        route: Some(parts.uri.path().to_owned()),
        session_id: session.or_else(|| controls.session_id.clone()),
        queued: Duration::ZERO,
        metadata: controls.metadata.clone(),
        traceparent: None,
        tracestate: None,
    }
}

pub(super) fn passed_on(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &&str| {
        Some((
            (*name).to_owned(),
            headers.get(*name)?.to_str().ok()?.to_owned(),
        ))
    };
    PASSED_ON.iter().filter_map(value).collect()
}
