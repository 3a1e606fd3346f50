//! What is asked about responses that were made: who may, and what the query says.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::part::Part;
use super::{Doors, came, headers};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Operation;

/// `GET /responses/{id}`: a response as it was made.
pub async fn get_response(
    State(doors): State<Doors>,
    Part(id): Part,
    request: Request,
) -> Response {
    answer(&doors, Operation::ResponsesGet, &id, request).await
}

/// `DELETE /responses/{id}`: the response is forgotten.
pub async fn delete_response(
    State(doors): State<Doors>,
    Part(id): Part,
    request: Request,
) -> Response {
    answer(&doors, Operation::ResponsesDelete, &id, request).await
}

/// `POST /responses/{id}/cancel`: a response that is made in the background is not made any more.
pub async fn cancel_response(
    State(doors): State<Doors>,
    Part(id): Part,
    request: Request,
) -> Response {
    answer(&doors, Operation::ResponsesCancel, &id, request).await
}

/// `GET /responses/{id}/input_items`: a page of what a response was made of.
pub async fn list_input_items(
    State(doors): State<Doors>,
    Part(id): Part,
    request: Request,
) -> Response {
    answer(&doors, Operation::ResponsesInputItems, &id, request).await
}

async fn answer(doors: &Doors, operation: Operation, id: &str, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let call = headers::call_id(&parts.extensions);
    let answered = async {
        let caller = came::proven(&mut parts)?;
        let query = query(operation, parts.uri.query().unwrap_or_default())?;
        let asked = (operation, query);
        doors
            .pipeline
            .about_response((&caller, &call), id, asked)
            .await
    };
    match answered.await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        Err(fault) => {
            tracing::info!(call.id = %call, operation = operation.as_str(), fault = %fault, "a request was refused");
            ApiError::new(fault, operation.dialect()).into_response()
        }
    }
}

/// What the query says of the question; it may stand in the query of a request to a provider.
fn query(operation: Operation, query: &str) -> Result<Map<String, Value>, Fault> {
    let known: &[&str] = match operation {
        Operation::ResponsesGet => &["include", "stream"],
        Operation::ResponsesInputItems => &["after", "before", "include", "limit", "order"],
        _ => &[],
    };
    let mut said = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let name = name.trim_end_matches("[]");
        if !known.contains(&name) {
            continue;
        }
        let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'=' | b'.');
        if value.is_empty() || !value.bytes().all(plain) {
            return Err(bad(name, "has letters that it cannot have, or none"));
        }
        match name {
            "stream" if value != "false" => {
                return Err(bad(name, "cannot be: a response that was made comes whole"));
            }
            "stream" => {}
            "include" => {
                let list = said.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(value.into());
                }
            }
            _ => {
                said.insert(name.to_owned(), value.into());
            }
        }
    }
    Ok(said)
}

fn bad(name: &str, what: &str) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, format!("`{name}` {what}"));
    fault.with_param(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_says_what_its_question_takes() {
        let read = |text: &str| query(Operation::ResponsesInputItems, text).unwrap();
        let said = "limit=2&order=asc&after=msg_1&include[]=a.b&include=c&x=%2F";
        let want = json!({"limit": "2", "order": "asc", "after": "msg_1", "include": ["a.b", "c"]});
        assert_eq!(Value::from(read(said)), want);
        let none = query(Operation::ResponsesDelete, "limit=2").unwrap();
        assert!(none.is_empty() && read("").is_empty());
    }

    #[test]
    fn a_query_that_would_lead_elsewhere_or_wants_a_stream_is_refused() {
        for (operation, text, param) in [
            (Operation::ResponsesInputItems, "after=../x", "after"),
            (Operation::ResponsesInputItems, "limit=", "limit"),
            (Operation::ResponsesGet, "include=a%26b", "include"),
            (Operation::ResponsesGet, "stream=true", "stream"),
        ] {
            let fault = query(operation, text).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(param), "{text}");
        }
        assert!(
            query(Operation::ResponsesGet, "stream=false")
                .unwrap()
                .is_empty()
        );
    }
}
