//! Requests that are passed on as they are: `/anthropic/*` and its like, and the operator's own
//! endpoints. Whoever asks for what no other route has comes here last.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};

use super::calls::source;
use super::error::ApiError;
use super::steering::steer;
use super::turnstile::Turn;
use super::{Doors, body, came, headers, passing, priority, unknown};
use crate::auth::{Caller, Passing, allow_passing, allow_passing_for};
use crate::domain::{CallId, ErrorKind, Fault};
use crate::pipeline::{Fleet, Order, Passed, PassedBody, Route, Sent, groups_of};

/// `/anthropic/*`, `/openai/*` and the other providers', with every method.
pub async fn by_provider(State(doors): State<Doors>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match Route::of(&path) {
        Some((route, tail)) => pass(&doors, (route, tail), request).await,
        None => unknown::unknown_route(request.method().clone(), request.uri().clone())
            .await
            .into_response(),
    }
}

/// An endpoint of the operator's, or no route at all.
pub async fn by_endpoint(State(doors): State<Doors>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let fleet = doors.pipeline.fleet();
    let endpoints = fleet.config.general.endpoints.iter().enumerate();
    let at_path: Vec<_> = endpoints
        .filter_map(|(place, it)| Some((place, it, it.tail(&path)?)))
        .collect();
    let method = request.method().as_str();
    // The longest path is the one that is meant; of the same, the first.
    let takes = at_path.iter().filter(|(_, it, _)| it.takes(method));
    let found = takes.min_by_key(|(_, _, tail)| tail.len());
    match found {
        Some((place, _, tail)) => pass(&doors, (Route::Endpoint(*place), *tail), request).await,
        None if !at_path.is_empty() => {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            unknown::wrong_method(method, uri).await.into_response()
        }
        None => unknown::unknown_route(request.method().clone(), request.uri().clone())
            .await
            .into_response(),
    }
}

async fn pass(doors: &Doors, (route, tail): (Route, &str), request: Request) -> Response {
    let dialect = route.dialect();
    let (mut parts, incoming) = request.into_parts();
    let id = headers::call_id(&parts.extensions);
    let fleet = doors.pipeline.fleet();
    let caller = match came::proven(&mut parts) {
        Ok(caller) => caller,
        // One may stand below another that is open.
        Err(_) if needs_key(&fleet, route) => {
            body::discard(incoming, &parts.headers).await;
            return refuse(no_key(), &id, &parts, route);
        }
        Err(_) => Caller::anonymous(),
    };
    let turned = match priority::of_headers(doors, &parts.headers) {
        Ok(priority) => came::turn(doors, &id, priority).await,
        Err(fault) => Err(fault),
    };
    let (turn, queued) = match turned {
        Ok(turn) => turn,
        Err(fault) => return ApiError::new(fault, dialect).into_response(),
    };
    let general = &fleet.config.general;
    let caps = (general.max_request_bytes, general.max_file_bytes);
    let about = (&parts.headers, tail);
    let read = passing::body(incoming, about, caps, &doors.spools).await;
    let texts = match &read {
        Ok(body) => passing::texts(body, about).await,
        Err(_) => Vec::new(),
    };
    let read = read.and_then(|body| {
        let sent = Sent {
            method: parts.method.clone(),
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            key_header: general.key_header.as_deref(),
            body,
            texts,
        };
        Order::read(id.clone(), (route, tail), all_headers(&fleet, route), sent)
    });
    let judged = match read {
        Ok(order) => judge(doors, (&fleet, &caller), &parts, order).await,
        Err(fault) => Err(fault),
    };
    let order = match judged {
        Ok(order) => order,
        Err(fault) => return refuse(fault, &id, &parts, route),
    };
    let mut source = source(&parts, &order.request.controls);
    source.queued = queued;
    came::traced(doors, &parts.headers, &mut source);
    match doors.pipeline.pass(&caller, (&fleet, order), source).await {
        Ok(passed) => respond(passed, turn),
        Err(failure) => {
            let mut response = ApiError::new(failure.fault, dialect).into_response();
            headers::add_trail(response.headers_mut(), &failure.trail);
            response
        }
    }
}

fn needs_key(fleet: &Fleet, route: Route) -> bool {
    match route {
        // The operator opened it.
        Route::Provider(_) => false,
        Route::Endpoint(place) => {
            let endpoint = fleet.config.general.endpoints.get(place);
            endpoint.is_none_or(|it| it.auth)
        }
    }
}

fn no_key() -> Fault {
    let text = "Authentication Error, No api key passed in.";
    Fault::caller(ErrorKind::Authentication, text).with_param("None")
}

/// Whether all headers of clients go on.
fn all_headers(fleet: &Fleet, route: Route) -> bool {
    match route {
        Route::Provider(_) => true,
        Route::Endpoint(place) => {
            let endpoint = fleet.config.general.endpoints.get(place);
            endpoint.is_some_and(|it| it.forward_headers)
        }
    }
}

/// Judges what is asked for by the rules of the caller and of its customer, and says as what it counts.
async fn judge(
    doors: &Doors,
    (fleet, caller): (&Fleet, &Caller),
    parts: &Parts,
    mut order: Order,
) -> Result<Order, Fault> {
    let gate = doors.gate();
    let has_body = !matches!(order.method, Method::GET | Method::HEAD | Method::DELETE);
    if has_body {
        came::judge_body(&gate, caller, &order.request)?;
    }
    came::judge_tags(&gate, &parts.headers)?;
    let people = &fleet.config.general.user_headers;
    steer(&mut order.request.controls, &parts.headers, people)?;
    let provider = order.route.provider();
    let groups = |model: &String| {
        let groups = provider.map(|provider| groups_of(fleet, provider, model));
        (model.clone(), groups.unwrap_or_default())
    };
    let models: Vec<_> = order.models.iter().map(groups).collect();
    let path = parts.uri.path();
    let prefix = path.strip_suffix(order.tail.as_str()).unwrap_or(path);
    let below = order.tail.segments().iter().map(|it| format!("/{it}"));
    let plain = format!("{prefix}{}", below.collect::<String>());
    let passing = Passing {
        path,
        plain: &plain,
        provider,
        models: &models,
    };
    let name = allow_passing(caller, &gate.catalog, passing)?;
    if let Some(customer) = doors.pipeline.customer(caller, &order.request).await? {
        allow_passing_for(&customer, &gate.catalog, passing)?;
    }
    let name = name.unwrap_or_else(|| order.route.name(fleet));
    order.request.controls.asked.clone_from(&name);
    order.request.controls.model = name;
    if let Route::Endpoint(place) = order.route {
        add_defaults(&mut order, fleet, place);
    }
    Ok(order)
}

/// `default_query_params`, where the client sets none of the name.
fn add_defaults(order: &mut Order, fleet: &Fleet, place: usize) {
    let endpoint = fleet.config.general.endpoints.get(place);
    let given = order.query.clone().unwrap_or_default();
    let is_set = |name: &str| url::form_urlencoded::parse(given.as_bytes()).any(|it| it.0 == name);
    let defaults = endpoint.into_iter().flat_map(|it| &it.query);
    let missing = defaults.filter(|(name, _)| !is_set(name));
    let mut added = url::form_urlencoded::Serializer::new(String::new());
    added.extend_pairs(missing.map(|(name, value)| (name, value.reveal())));
    let both = [given, added.finish()];
    let both: Vec<&str> = both
        .iter()
        .map(String::as_str)
        .filter(|it| !it.is_empty())
        .collect();
    order.query = Some(both.join("&")).filter(|it| !it.is_empty());
}

fn refuse(fault: Fault, id: &CallId, parts: &Parts, route: Route) -> Response {
    let path = parts.uri.path();
    tracing::info!(call.id = %id, http.path = path, operation = "pass-through", fault = %fault, "a request was refused");
    ApiError::new(fault, route.dialect()).into_response()
}

/// `turn` ends with the answer.
fn respond(passed: Passed, turn: Option<Turn>) -> Response {
    let is_events = passed.is_events();
    let body = match passed.body {
        PassedBody::Whole(bytes) => Body::from(bytes),
        PassedBody::Stream(stream) => {
            Body::from_stream(futures_util::StreamExt::map(stream, move |bytes| {
                let _served = &turn;
                bytes
            }))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(passed.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = passed.headers;
    if is_events {
        let no = HeaderValue::from_static("no");
        response
            .headers_mut()
            .entry("x-accel-buffering")
            .or_insert(no);
    }
    headers::add_trail(response.headers_mut(), &passed.trail);
    response
}
