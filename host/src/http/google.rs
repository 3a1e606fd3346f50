//! Google's routes: the model and what is to be done stand in the path, and streams are events or one
//! JSON array. The lists of models are in `models`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::calls::Asked;
use super::part::Part;
use super::{Doors, calls, unknown};
use crate::pipeline::{Dialect, Embed, Operation};

/// `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent`, `:countTokens`,
/// `:embedContent`, `:batchEmbedContents`, also under `/v1` and without a version.
pub async fn by_action(State(doors): State<Doors>, Part(rest): Part, request: Request) -> Response {
    let found = rest
        .rsplit_once(':')
        .and_then(|(model, action)| Some((model, action_of(action)?)));
    let Some((model, asked)) = found else {
        let (parts, _) = request.into_parts();
        let mut error = unknown::unknown_route(parts.method, parts.uri).await;
        error.dialect = Dialect::Google;
        return error.into_response();
    };
    let query = request.uri().query().unwrap_or_default();
    let wants_events = url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "alt" && value == "sse");
    let asked = Asked {
        model: Some(model),
        ..asked
    };
    let streams = asked.streams == Some(true);
    let answer = calls::ask(&doors, asked, request).await;
    if streams && !wants_events && is_events(&answer) {
        return as_array(answer);
    }
    answer
}

/// What an action asks for.
fn action_of<'p>(action: &str) -> Option<Asked<'p>> {
    let (operation, streams, embeds) = match action {
        "generateContent" => (Operation::GenerateContent, false, None),
        "streamGenerateContent" => (Operation::GenerateContent, true, None),
        "countTokens" => (Operation::CountContents, false, None),
        "embedContent" => (Operation::Embeddings, false, Some(Embed::One)),
        "batchEmbedContents" => (Operation::Embeddings, false, Some(Embed::Batch)),
        _ => return None,
    };
    Some(Asked {
        operation,
        model: None,
        streams: Some(streams),
        embeds,
        as_response: false,
    })
}

/// Whether a path is one of Google's.
pub fn is_google(path: &str) -> bool {
    let action = path.rsplit_once(':').map(|(_, action)| action);
    path.starts_with("/v1beta/") || action.is_some_and(|it| action_of(it).is_some())
}

fn is_events(answer: &Response) -> bool {
    let kind = answer.headers().get(CONTENT_TYPE);
    kind.is_some_and(|it| it == "text/event-stream")
}

/// A stream of events as one JSON array, whose elements come as they are made.
fn as_array(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut array = Array::default();
    let elements = body.into_data_stream().map(move |piece| {
        let piece = piece.unwrap_or_default();
        array.write(&String::from_utf8_lossy(&piece))
    });
    let bracket = |it: &'static str| {
        futures_util::stream::once(std::future::ready(Bytes::from_static(it.as_bytes())))
    };
    let body = bracket("[").chain(elements).chain(bracket("]"));
    let body = body.map(Ok::<_, std::convert::Infallible>);
    Response::from_parts(parts, Body::from_stream(body))
}

/// Events, which come whole, as elements.
#[derive(Default)]
struct Array {
    begun: bool,
}

impl Array {
    fn write(&mut self, events: &str) -> Bytes {
        let mut out = String::with_capacity(events.len());
        for data in events.lines().filter_map(|it| it.strip_prefix("data: ")) {
            if std::mem::replace(&mut self.begun, true) {
                out.push_str(",\r\n");
            }
            out.push_str(data);
        }
        Bytes::from(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_the_elements_of_one_array() {
        let mut array = Array::default();
        let pieces = [
            ": ping\n\n",
            "data: {\"a\":1}\n\ndata: 2\n\n",
            "data: 3\n\n",
        ];
        let written: Vec<Bytes> = pieces.iter().map(|it| array.write(it)).collect();
        let elements = String::from_utf8(written.concat()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&format!("[{elements}]")).unwrap();
        assert_eq!(read, serde_json::json!([{"a": 1}, 2, 3]));
    }
}
