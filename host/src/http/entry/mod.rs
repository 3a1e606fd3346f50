//! The admin UI's doors: its pages, signing in and out, sessions, and single sign-on.
//!
//! A session's token lives in a cookie that no script reads and no other site sends. A request that
//! is proven by it has to say that one of our pages means it: [`browser`] judges that.

mod answers;
pub mod browser;
mod login;
mod pages;
mod sessions;
mod shield;
mod sso;

use axum::Router;
use axum::routing::{get, post};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::Doors;
use super::gate::Gate;
use super::server::{Encrypted, Peer};
use crate::auth::{Caller, Entrant, Knock};
use crate::config::Ui;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Fleet;
use crate::pipeline::accounting::now_ms;
use crate::signin::{Rules, Session, SessionToken, Visit};

pub fn add_routes(router: Router<Doors>) -> Router<Doors> {
    let config = || get(answers::ui_config);
    router
        .route("/ui", get(pages::page))
        .route("/ui/{*page}", get(pages::page))
        .route("/.well-known/litellm-ui-config", config())
        .route("/litellm/.well-known/litellm-ui-config", config())
        .route("/login", post(login::by_form))
        .route("/v2/login", post(login::by_json))
        .route("/v2/session", get(sessions::session))
        .route("/session/logout", post(sessions::logout))
        .route("/session/list", get(sessions::list))
        .route("/session/revoke", post(sessions::revoke))
        .route("/sso/key/generate", get(sso::depart))
        .route("/sso/callback", get(sso::arrive))
        .route("/sso/readiness", get(answers::sso_readiness))
}

/// What a sign-in goes by, of one config.
fn rules(fleet: &Fleet) -> Rules<'_> {
    let general = &fleet.config.general;
    Rules {
        ui: &general.ui,
        master: general.master_key.as_ref(),
    }
}

/// The path under which browsers find the gateway: `/prefix`, or nothing.
fn root(fleet: &Fleet) -> String {
    super::paths::prefix(fleet.config.general.root_path.as_deref()).unwrap_or_default()
}

/// The session of a request, where it has one that is alive. A key that the request brings counts
/// before it, and without a master key there is nothing to sign in to.
///
/// # Errors
/// No page of ours means the request, or the session is over.
pub(super) async fn session(
    doors: &Doors,
    gate: &Gate,
    knock: Knock<'_>,
    secure: browser::Connection<'_>,
) -> Result<Option<Session>, Fault> {
    let fleet = doors.pipeline.fleet();
    let rules = rules(&fleet);
    let Some(token) = browser::cookie(knock.headers, browser::SESSION) else {
        return Ok(None);
    };
    if rules.ui.disabled || !gate.door.has_master() || gate.door.names_key(knock) {
        return Ok(None);
    }
    browser::judge_meant(knock.headers, &secure)?;
    let token = SessionToken::read(token).ok_or_else(over)?;
    let found = doors.signin.find(&token, &rules, knock.now_ms).await?;
    found.map(Some).ok_or_else(over)
}

fn over() -> Fault {
    Fault::caller(
        ErrorKind::Authentication,
        "the session is over; sign in again",
    )
    .with_type("session_over")
}

/// What a handler of these routes needs of a request, before its body is read.
struct Came {
    headers: HeaderMap,
    path: String,
    peer: Option<std::net::SocketAddr>,
    encrypted: bool,
    authority: Option<String>,
    now_ms: i64,
}

impl Came {
    fn of(parts: &Parts) -> Self {
        Self {
            headers: parts.headers.clone(),
            path: parts.uri.path().to_owned(),
            peer: parts.extensions.get::<Peer>().map(|it| it.0),
            encrypted: parts.extensions.get::<Encrypted>().is_some(),
            authority: parts.uri.authority().map(|it| it.as_str().to_owned()),
            now_ms: now_ms(),
        }
    }

    fn knock(&self) -> Knock<'_> {
        Knock {
            headers: &self.headers,
            path: &self.path,
            query: None,
            peer: self.peer,
            now_ms: self.now_ms,
        }
    }

    fn connection<'c>(&'c self, gate: &'c Gate, ui: &'c Ui) -> browser::Connection<'c> {
        browser::Connection {
            peer: self.peer,
            encrypted: self.encrypted,
            authority: self.authority.as_deref(),
            trust: gate.door.trust(),
            base_url: ui.base_url.as_deref(),
        }
    }

    fn visit(&self, gate: &Gate) -> Visit {
        let trust = gate.door.trust();
        let agent = self.headers.get(http::header::USER_AGENT);
        Visit {
            address: self.peer.map(|peer| trust.client(peer, &self.headers)),
            agent: agent.and_then(|it| it.to_str().ok()).map(str::to_owned),
            now_ms: self.now_ms,
        }
    }

    /// Whoever was proven, if they may use the UI.
    async fn admit(&self, gate: &Gate, ui: &Ui, who: &Entrant) -> Result<Caller, Fault> {
        let caller = gate.door.of_entrant(who, self.knock()).await?;
        gate.routes.permit(&caller, &Method::GET, "/v2/session")?;
        if ui.admins_only && !caller.sees_all() {
            let message = "only admins may sign in here (`general_settings.ui_access_mode`)";
            return Err(Fault::caller(ErrorKind::Permission, message).with_type("auth_error"));
        }
        Ok(caller)
    }
}

/// The refusal of a gateway without a UI.
fn disabled() -> Fault {
    let message = "the admin UI is switched off: `general_settings.disable_admin_ui`, or \
                   DISABLE_ADMIN_UI, says so";
    Fault::caller(ErrorKind::NotFound, message).with_status(404)
}
