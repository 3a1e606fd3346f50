//! `GET /sso/key/generate` and `GET /sso/callback`: to the identity provider and back. People follow
//! links here, so that a refusal is a page.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::answers::told;
use super::browser::{self, NewCookie};
use super::login::{begin, first_page};
use super::{Came, disabled, root, rules};
use crate::auth::{Entrant, Role};
use crate::config::Sso;
use crate::domain::{ErrorKind, Fault};
use crate::http::{Doors, headers};
use crate::pipeline::Fleet;
use crate::signin::{Arrival, Proven, Way};

/// How long the browser keeps what it departed with.
const AWAY: Duration = Duration::from_secs(600);

/// To the identity provider. Where there is none, or nobody has to sign in, to the pages.
pub async fn depart(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match departing(&doors, &parts).await {
        Ok(response) => response,
        Err(fault) => refused(&doors, &fault, &parts),
    }
}

async fn departing(doors: &Doors, parts: &Parts) -> Result<Response, Fault> {
    let (gate, fleet, came) = (doors.gate(), doors.pipeline.fleet(), Came::of(parts));
    let ui = &fleet.config.general.ui;
    if ui.disabled {
        return Err(disabled());
    }
    let Some(sso) = ui.sso.as_ref().filter(|_| gate.door.has_master()) else {
        return Ok(led(&format!("{}/ui/", root(&fleet))));
    };
    let back = back(&came, doors, &fleet)?;
    let start = doors.signin.depart(sso, &back, came.now_ms).await?;
    let mut response = led(&start.url);
    let cookie = away(&came, doors, &fleet, &start.sealed);
    response.headers_mut().extend(cookie);
    Ok(response)
}

/// From the identity provider: a session, or why there is none.
pub async fn arrive(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut response = match arriving(&doors, &parts).await {
        Ok(response) => response,
        Err(fault) => refused(&doors, &fault, &parts),
    };
    // Whatever came of it, it is over.
    let (fleet, came) = (doors.pipeline.fleet(), Came::of(&parts));
    response
        .headers_mut()
        .extend(away(&came, &doors, &fleet, ""));
    response
}

async fn arriving(doors: &Doors, parts: &Parts) -> Result<Response, Fault> {
    let (gate, fleet, came) = (doors.gate(), doors.pipeline.fleet(), Came::of(parts));
    let rules = rules(&fleet);
    if rules.ui.disabled {
        return Err(disabled());
    }
    let sso: &Sso = rules.ui.sso.as_ref().ok_or_else(|| {
        let message = "single sign-on is not set up here: docs/ui.md says how";
        Fault::caller(ErrorKind::NotFound, message).with_status(404)
    })?;
    let mut person = doors
        .signin
        .arrive(sso, &arrival(parts, &came), came.now_ms)
        .await?;
    if rules.ui.admin_id.as_deref() == Some(person.id.as_str()) {
        person.role = Some(Role::ProxyAdmin);
    }
    let user = doors.manage.sso_user(&person).await?;
    let proven = Proven {
        who: Entrant::User(user),
        way: Way::Sso,
    };
    came.admit(&gate, rules.ui, &proven.who).await?;
    let (cookie, _) = begin(doors, &fleet, (&came, &proven)).await?;
    let mut response = led(&first_page(&fleet));
    let headers = response.headers_mut();
    headers.extend(cookie.map(|it| (SET_COOKIE, it)));
    Ok(response)
}

fn arrival(parts: &Parts, came: &Came) -> Arrival {
    let mut arrival = Arrival {
        sealed: browser::cookie(&came.headers, browser::AWAY).map(str::to_owned),
        ..Arrival::default()
    };
    let query = parts.uri.query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "code" => &mut arrival.code,
            "state" => &mut arrival.state,
            "error" => &mut arrival.error,
            "error_description" => &mut arrival.description,
            _ => continue,
        };
        *place = Some(value.into_owned());
    }
    arrival
}

/// Where the provider sends the browser back to: the operator's word, else as the browser came.
fn back(came: &Came, doors: &Doors, fleet: &Fleet) -> Result<String, Fault> {
    let (gate, ui) = (doors.gate(), &fleet.config.general.ui);
    let connection = came.connection(&gate, ui);
    let base = ui.base_url.clone();
    let base = base.or_else(|| connection.origin(&came.headers));
    let base = base.ok_or_else(|| {
        let message = "the request names no host; set PROXY_BASE_URL";
        Fault::caller(ErrorKind::InvalidRequest, message)
    })?;
    // `PROXY_BASE_URL` may have the path already, as in LiteLLM.
    let root = root(fleet);
    let root = if base.ends_with(&root) {
        ""
    } else {
        root.as_str()
    };
    Ok(format!("{base}{root}/sso/callback"))
}

/// The cookie of somebody who is away; an empty one is forgotten.
fn away(
    came: &Came,
    doors: &Doors,
    fleet: &Fleet,
    sealed: &str,
) -> Option<(http::HeaderName, HeaderValue)> {
    let (gate, ui) = (doors.gate(), &fleet.config.general.ui);
    let cookie = NewCookie {
        name: browser::AWAY,
        value: sealed,
        path: &format!("{}/sso", root(fleet)),
        lasts: if sealed.is_empty() {
            Duration::ZERO
        } else {
            AWAY
        },
        secure: came.connection(&gate, ui).is_secure(&came.headers),
        from_elsewhere: true,
    };
    cookie.header().map(|it| (SET_COOKIE, it))
}

fn led(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(LOCATION, to);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused(doors: &Doors, fault: &Fault, parts: &Parts) -> Response {
    let (id, path) = (headers::call_id(&parts.extensions), parts.uri.path());
    tracing::warn!(call.id = %id, http.path = path, fault = %fault, "nobody signed in");
    let ours = matches!(fault.kind, ErrorKind::Internal | ErrorKind::Overloaded);
    let result = if ours { "failed" } else { "refused" };
    doors.metrics.sign_in(Way::Sso.as_str(), result);
    told(fault)
}
