//! `POST /login` and `POST /v2/login`: a name and a password, or a key, for a session.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::browser::{self, NewCookie};
use super::{Came, disabled, root, rules, sessions};
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault, Secret};
use crate::http::error::ApiError;
use crate::http::{Doors, body, headers};
use crate::pipeline::Fleet;
use crate::signin::{Credentials, Proven, Session, SessionToken, Throttled};

/// More is no sign-in.
const MOST_BYTES: usize = 16 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    username: String,
    password: String,
}

/// A sign-in that went well.
struct Entered {
    cookie: Option<HeaderValue>,
    /// None: there is no master key, so nobody has to sign in.
    session: Option<(Session, Caller)>,
    /// The first page.
    page: String,
}

/// `POST /login`: a form, and a redirect to the pages.
pub async fn by_form(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, incoming) = request.into_parts();
    match enter(&doors, &parts, incoming).await {
        Ok(entered) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            if let Ok(page) = HeaderValue::from_str(&entered.page) {
                response.headers_mut().insert(LOCATION, page);
            }
            finished(response, entered.cookie)
        }
        Err(fault) => refused(fault, &parts),
    }
}

/// `POST /v2/login`: the same as JSON. The session is in the cookie alone, never in the body.
pub async fn by_json(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, incoming) = request.into_parts();
    match enter(&doors, &parts, incoming).await {
        Ok(entered) => {
            let shown = entered.session.as_ref();
            let shown = shown.map(|(session, caller)| sessions::shown(caller, Some(session)));
            let body = json!({"redirect_url": entered.page, "session": shown});
            finished(Json(body).into_response(), entered.cookie)
        }
        Err(fault) => refused(fault, &parts),
    }
}

fn finished(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    let answer = response.headers_mut();
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.extend(cookie.map(|it| (SET_COOKIE, it)));
    response
}

/// A refusal, without a word of what was typed.
fn refused(fault: Fault, parts: &Parts) -> Response {
    let (id, path) = (headers::call_id(&parts.extensions), parts.uri.path());
    tracing::info!(call.id = %id, http.path = path, fault = %fault, "nobody signed in");
    ApiError::from(fault).into_response()
}

async fn enter(doors: &Doors, parts: &Parts, incoming: axum::body::Body) -> Result<Entered, Fault> {
    let (gate, fleet, came) = (doors.gate(), doors.pipeline.fleet(), Came::of(parts));
    let rules = rules(&fleet);
    if rules.ui.disabled {
        return Err(disabled());
    }
    browser::judge_site(&came.headers, &came.connection(&gate, rules.ui))?;
    let typed = read(parts, incoming).await?;
    if !gate.door.has_master() {
        return Ok(Entered {
            cookie: None,
            session: None,
            page: first_page(&fleet),
        });
    }
    let given = Credentials {
        username: typed.username,
        password: Secret::new(typed.password),
    };
    let visit = came.visit(&gate);
    let attempt = doors.signin.attempt(&given.username, &visit);
    let attempt = attempt.map_err(|it| throttled(doors, it, &visit.address))?;
    let proving = async {
        let proven = doors.signin.prove(&given, &rules).await?;
        let caller = came.admit(&gate, rules.ui, &proven.who).await;
        let caller = caller.map_err(|fault| unknown_key(fault, &proven))?;
        Ok((proven, caller))
    };
    let (proven, caller) = proving.await.inspect_err(|fault: &Fault| {
        let result = if fault.kind == ErrorKind::Internal || fault.kind == ErrorKind::Overloaded {
            "failed"
        } else {
            "refused"
        };
        doors.metrics.sign_in("password", result);
        tracing::warn!(client.address = ?visit.address, fault = %fault, "a sign-in was refused");
    })?;
    attempt.passed();
    let (cookie, session) = begin(doors, &fleet, (&came, &proven)).await?;
    Ok(Entered {
        cookie,
        session: Some((session, caller)),
        page: first_page(&fleet),
    })
}

/// Begins the session of somebody who may come in, and the cookie that carries it.
pub(super) async fn begin(
    doors: &Doors,
    fleet: &Fleet,
    (came, proven): (&Came, &Proven),
) -> Result<(Option<HeaderValue>, Session), Fault> {
    let (gate, rules) = (doors.gate(), rules(fleet));
    let visit = came.visit(&gate);
    // One browser has one session: the one before would only wait for its time.
    let before = browser::cookie(&came.headers, browser::SESSION).and_then(SessionToken::read);
    if let Some(before) = before {
        doors.signin.end(&before).await?;
    }
    let (token, session) = doors.signin.begin(proven, &rules, &visit).await?;
    doors.metrics.sign_in(proven.way.as_str(), "ok");
    let (_, holder) = proven.who.parts();
    tracing::info!(
        user.id = holder, way = proven.way.as_str(), client.address = ?visit.address,
        "somebody signed in"
    );
    let cookie = NewCookie {
        name: browser::SESSION,
        value: token.reveal(),
        path: &path_of(fleet),
        lasts: rules.ui.lasts,
        secure: came.connection(&gate, rules.ui).is_secure(&came.headers),
        from_elsewhere: false,
    };
    Ok((cookie.header(), session))
}

/// Where the session's cookie is sent to: everything of ours.
pub(super) fn path_of(fleet: &Fleet) -> String {
    let root = root(fleet);
    if root.is_empty() {
        "/".to_owned()
    } else {
        root
    }
}

/// Where somebody goes who has just signed in.
pub(super) fn first_page(fleet: &Fleet) -> String {
    format!("{}/ui/?login=success", root(fleet))
}

/// A key that nobody knows is told like a wrong password.
fn unknown_key(fault: Fault, proven: &Proven) -> Fault {
    let is_key = matches!(proven.who, crate::auth::Entrant::Key(_));
    if is_key && fault.type_name == Some("session_over") {
        return Fault::caller(ErrorKind::Authentication, "there is no such key")
            .with_type("auth_error")
            .with_param("password");
    }
    fault
}

fn throttled(doors: &Doors, it: Throttled, address: &Option<std::net::IpAddr>) -> Fault {
    doors.metrics.sign_in("password", "throttled");
    let seconds = it.wait.as_secs_f64().ceil() as u64;
    tracing::warn!(client.address = ?address, wait_s = seconds, "a sign-in has to wait");
    let message = format!("too many attempts to sign in; wait {seconds} seconds");
    let mut fault = Fault::caller(ErrorKind::RateLimit, message).with_type("auth_error");
    fault.retry_after = Some(it.wait);
    fault
}

/// A form or JSON, as its type says.
async fn read(parts: &Parts, incoming: axum::body::Body) -> Result<Typed, Fault> {
    let bytes = body::read(incoming, &parts.headers, MOST_BYTES).await?;
    let typed: Option<Typed> = if is_json(&parts.headers) {
        serde_json::from_slice(&bytes).ok()
    } else {
        let mut typed = Typed::default();
        for (name, value) in url::form_urlencoded::parse(&bytes) {
            match &*name {
                "username" => typed.username = value.into_owned(),
                "password" => typed.password = value.into_owned(),
                _ => {}
            }
        }
        Some(typed)
    };
    typed.ok_or_else(|| {
        let message = "a sign-in has the texts `username` and `password`, as a form or as JSON";
        Fault::caller(ErrorKind::InvalidRequest, message).with_param("username")
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    kind.is_some_and(|it| it.trim_start().starts_with("application/json"))
}
