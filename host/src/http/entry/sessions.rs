//! A caller's own sessions: which one this is, which there are, and their end.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::request::Parts;
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::Came;
use super::browser::{self, NewCookie};
use super::login::path_of;
use crate::auth::{Caller, Entrant};
use crate::domain::{ErrorKind, Fault};
use crate::http::error::ApiError;
use crate::http::{Doors, manage};
use crate::signin::{Session, SessionToken};

/// `GET /v2/session`: who the caller is, and how they came in.
pub async fn session(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    session: Option<Extension<Session>>,
) -> Response {
    let session = session.map(|it| it.0);
    let mut shown = shown(&caller, session.as_ref());
    if let (Some(members), Some(_)) = (shown.as_object_mut(), &session) {
        let idle = doors.pipeline.fleet().config.general.ui.idle.as_secs();
        members.insert("idle_timeout_seconds".to_owned(), idle.into());
    }
    let mut response = Json(shown).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `POST /session/logout`: ends the session of the cookie, and the cookie. Without one it is done
/// already.
pub async fn logout(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match ended(&doors, &parts).await {
        Ok(response) => response,
        Err(fault) => ApiError::from(fault).into_response(),
    }
}

async fn ended(doors: &Doors, parts: &Parts) -> Result<Response, Fault> {
    let (gate, fleet, came) = (doors.gate(), doors.pipeline.fleet(), Came::of(parts));
    let ui = &fleet.config.general.ui;
    let token = browser::cookie(&came.headers, browser::SESSION);
    let mut was = false;
    if let Some(token) = token {
        browser::judge_meant(&came.headers, &came.connection(&gate, ui))?;
        if let Some(token) = SessionToken::read(token) {
            was = doors.signin.end(&token).await?;
        }
    }
    let body = json!({"signed_out": was, "redirect_url": ui.logout_url});
    let mut response = Json(body).into_response();
    forget(&mut response, doors, parts);
    Ok(response)
}

/// Has the browser forget the cookie.
fn forget(response: &mut Response, doors: &Doors, parts: &Parts) {
    let (gate, fleet, came) = (doors.gate(), doors.pipeline.fleet(), Came::of(parts));
    let connection = came.connection(&gate, &fleet.config.general.ui);
    let cookie = NewCookie {
        name: browser::SESSION,
        value: "",
        path: &path_of(&fleet),
        lasts: Duration::ZERO,
        secure: connection.is_secure(&came.headers),
        from_elsewhere: false,
    };
    let headers = response.headers_mut();
    headers.extend(cookie.header().map(|it| (SET_COOKIE, it)));
}

/// `GET /session/list[?user_id=]`: the caller's sessions, or for who sees everything a user's.
pub async fn list(State(doors): State<Doors>, request: Request) -> Result<Json<Value>, ApiError> {
    let (mut parts, incoming) = request.into_parts();
    let (caller, current) = who(&mut parts)?;
    let input = manage::read(&doors, &mut parts, incoming).await?;
    let asked = text(&input.query, "user_id");
    if asked.is_some() && asked != caller.user_id() && !caller.sees_all() {
        return Err(not_yours().into());
    }
    let holder = holder(&caller, current.as_ref(), asked)?;
    let all = doors.signin.of_holder(&holder).await?;
    let sessions: Vec<Value> = all
        .iter()
        .map(|it| {
            let own = current.as_ref().is_some_and(|current| current.id == it.id);
            json!({
                "session_id": it.id, "current": own, "login_method": it.way,
                "address": it.address, "user_agent": it.agent,
                "created_at": time(it.created_ms), "last_seen_at": time(it.seen_ms),
                "expires_at": time(it.expires_ms),
            })
        })
        .collect();
    Ok(Json(
        json!({"total_count": sessions.len(), "sessions": sessions}),
    ))
}

/// `POST /session/revoke {session_id | session_ids | all, user_id?}`: ends sessions of the caller, or
/// for proxy admins a user's.
pub async fn revoke(State(doors): State<Doors>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, incoming) = request.into_parts();
    let (caller, current) = who(&mut parts)?;
    let input = manage::read(&doors, &mut parts, incoming).await?;
    let asked = text(&input.body, "user_id");
    if asked.is_some() && asked != caller.user_id() && !caller.is_admin() {
        return Err(not_yours().into());
    }
    let holder = holder(&caller, current.as_ref(), asked)?;
    let all = doors.signin.of_holder(&holder).await?;
    let mut ids: Vec<String> = all.into_iter().map(|it| it.id).collect();
    let wanted = wanted(&input.body)?;
    if let Some(wanted) = &wanted {
        if let Some(strange) = wanted.iter().find(|it| !ids.contains(it)) {
            let shown: String = strange.chars().take(64).collect();
            let message = format!("there is no session `{shown}` of this holder");
            let fault = Fault::caller(ErrorKind::NotFound, message).with_status(404);
            return Err(fault.with_param("session_id").into());
        }
        ids.retain(|it| wanted.contains(it));
    }
    let count = doors.signin.end_all(&ids).await?;
    let mut response = Json(json!({"revoked": count})).into_response();
    if current.is_some_and(|it| ids.contains(&it.id)) {
        forget(&mut response, &doors, &parts);
    }
    Ok(response)
}

/// The ids that a request names; None: all of them.
fn wanted(body: &Map<String, Value>) -> Result<Option<Vec<String>>, Fault> {
    if body.get("all") == Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let one = text(body, "session_id").map(str::to_owned);
    let many = body.get("session_ids").and_then(Value::as_array);
    let many = many.into_iter().flatten().filter_map(Value::as_str);
    let ids: Vec<String> = one.into_iter().chain(many.map(str::to_owned)).collect();
    if ids.is_empty() {
        let message = "name sessions by `session_id` or `session_ids`, or say `all: true`";
        let fault = Fault::caller(ErrorKind::InvalidRequest, message);
        return Err(fault.with_status(400).with_param("session_id"));
    }
    Ok(Some(ids))
}

fn who(parts: &mut Parts) -> Result<(Caller, Option<Session>), Fault> {
    let session = parts.extensions.get::<Session>().cloned();
    Ok((crate::http::came::proven(parts)?, session))
}

/// Whose sessions are asked about.
fn holder(
    caller: &Caller,
    current: Option<&Session>,
    user: Option<&str>,
) -> Result<Entrant, Fault> {
    if let Some(user) = user {
        return Ok(Entrant::User(user.to_owned()));
    }
    if let Some(session) = current {
        return Ok(session.who.clone());
    }
    let of_user = caller.user_id().map(|it| Entrant::User(it.to_owned()));
    let of_key = || caller.key_hash().cloned().map(Entrant::Key);
    let of_master = || caller.grant().is_none().then_some(Entrant::Master);
    of_user.or_else(of_key).or_else(of_master).ok_or_else(|| {
        Fault::caller(ErrorKind::InvalidRequest, "this caller has no sessions").with_status(400)
    })
}

fn not_yours() -> Fault {
    let message = "you may not access this user's sessions; they are not yours";
    Fault::caller(ErrorKind::Permission, message)
        .with_param("user_id")
        .with_status(403)
}

fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    let text = members.get(name).and_then(Value::as_str);
    text.filter(|it| !it.is_empty())
}

/// The caller, as the pages need to know it.
pub(super) fn shown(caller: &Caller, session: Option<&Session>) -> Value {
    let grant = caller.grant();
    let user = grant.and_then(|it| it.user.as_ref());
    let key = grant.and_then(|it| it.key.as_ref());
    json!({
        "user_id": user.map(|it| &*it.id),
        "user_email": user.and_then(|it| it.email.as_deref()),
        "user_alias": user.and_then(|it| it.alias.as_deref()),
        "user_role": caller.role().as_str(),
        "is_master": caller.is_master(),
        "is_local": caller.is_local(),
        "key_alias": key.and_then(|it| it.alias.as_deref()),
        "key_name": key.map(|it| &*it.name),
        "team_id": caller.team_id(),
        "login_method": session.map(|it| it.way.as_str()),
        "session_id": session.map(|it| it.id.as_str()),
        "created_at": session.map(|it| time(it.created_ms)),
        "expires_at": session.map(|it| time(it.expires_ms)),
    })
}

/// In ISO 8601; null where it is no time.
fn time(at_ms: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at_ms).ok()?;
    Some(at.to_string())
}
