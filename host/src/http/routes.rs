//! Every route of the gateway. Who may call which is said by the table of `auth`: a route that
//! does not stand there is closed.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

use super::error::{ApiError, status};
use super::server::{Encrypted, Peer};
use super::{
    Doors, admin, body, calls, components, cors, drain, entry, files, google, guardrails, headers,
    health, manage, models, openapi, providers, realtime, refused, reports, responses, services,
    through, unknown,
};
use crate::auth::Knock;
use crate::domain::{CallId, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::{Dialect, ROUTES, Route};

/// The router of the whole gateway.
pub fn router(doors: Doors) -> Router {
    let mut router = Router::new()
        .route("/", get(health::root))
        .route("/health", get(health::deployments))
        .route("/health/liveliness", get(health::alive))
        .route("/health/liveness", get(health::alive))
        .route("/health/readiness", get(health::ready))
        .route("/health/readiness/details", get(health::ready))
        .route("/health/drain", get(drain::drain))
        .route("/health/latest", get(health::latest))
        .route("/health/history", get(health::history))
        .route("/health/services", get(services::services))
        .route("/model/settings", get(providers::settings))
        .route("/health/test_connection", post(health::test_connection))
        .route("/health/license", get(health::license))
        .route("/health/backlog", get(health::backlog))
        .route("/health/shared-status", get(health::shared_status))
        .route("/metrics", get(admin::metrics))
        .route("/plugins", get(admin::plugins))
        .route("/router/deployments", get(admin::deployments))
        .route("/router/decisions/{call_id}", get(admin::decisions))
        .route("/plugins/reload", post(admin::reload_plugins))
        .route("/plugins/try", post(components::try_component))
        .route("/plugins/upload", post(components::upload))
        .route("/plugins/rollback", post(components::roll_back))
        .route("/models", get(models::list_models))
        .route("/v1/models", get(models::list_models))
        .route(
            "/models/{*id}",
            get(models::get_model).post(google::by_action),
        )
        .route(
            "/v1/models/{*id}",
            get(models::get_model).post(google::by_action),
        )
        .route("/v1beta/models", get(models::list_models))
        .route(
            "/v1beta/models/{*id}",
            get(models::get_model).post(google::by_action),
        )
        .route("/v1/messages", post(calls::messages))
        .route("/v1/messages/count_tokens", post(calls::count_tokens));
    for prefix in ["", "/v1"] {
        router = router
            .route(
                &format!("{prefix}/chat/completions"),
                post(calls::chat_completions),
            )
            .route(&format!("{prefix}/completions"), post(calls::completions))
            .route(&format!("{prefix}/embeddings"), post(calls::embeddings))
            .route(&format!("{prefix}/moderations"), post(calls::moderations))
            .route(&format!("{prefix}/rerank"), post(calls::rerank));
        router = media_routes(router, prefix);
    }
    router = router.route("/v2/rerank", post(calls::rerank));
    router = response_routes(router);
    router = router
        .route("/cursor/chat/completions", post(calls::cursors_chat))
        .route("/queue/chat/completions", post(calls::chat_completions));
    // Deployment names may hold slashes (`groq/llama-3`), so the rest of the path is taken whole.
    router = router
        .route("/openai/deployments/{*rest}", post(calls::by_path))
        .route("/engines/{*rest}", post(calls::by_path));
    router = guardrails::add_routes(realtime::add_routes(files::add_routes(router)));
    // What stands above goes first.
    for (first, _) in ROUTES {
        router = router.route(&format!("/{first}/{{*rest}}"), any(through::by_provider));
    }
    let router = openapi::add_routes(router);
    entry::add_routes(reports::add_routes(manage::add_routes(router)))
        .fallback(through::by_endpoint)
        .method_not_allowed_fallback(unknown::wrong_method)
        .layer(middleware::from_fn_with_state(doors.clone(), prove))
        .with_state(doors)
}

/// Responses, and what is asked about those that were made.
fn response_routes(mut router: Router<Doors>) -> Router<Doors> {
    for prefix in ["", "/v1", "/openai/v1"] {
        let all = format!("{prefix}/responses");
        let one = format!("{all}/{{id}}");
        let compact = format!("{all}/compact");
        // It would be taken for an id.
        router = if Route::of(&compact).is_some() {
            router.route(&compact, any(through::by_provider))
        } else {
            router.route(&compact, post(unknown::unknown_route))
        };
        router = router
            .route(&all, post(calls::responses))
            .route(&format!("{all}/input_tokens"), post(calls::count_response))
            .route(
                &one,
                get(responses::get_response).delete(responses::delete_response),
            )
            .route(&format!("{one}/cancel"), post(responses::cancel_response))
            .route(
                &format!("{one}/input_items"),
                get(responses::list_input_items),
            );
    }
    router
}

/// Images and sound.
fn media_routes(router: Router<Doors>, prefix: &str) -> Router<Doors> {
    let at = |path: &str| format!("{prefix}{path}");
    router
        .route(&at("/images/generations"), post(calls::generate_images))
        .route(&at("/images/edits"), post(calls::edit_images))
        .route(&at("/images/variations"), post(calls::vary_images))
        .route(&at("/audio/speech"), post(calls::speech))
        .route(&at("/audio/transcriptions"), post(calls::transcribe))
        .route(&at("/audio/translations"), post(calls::translate))
}

/// Gives the request its id, which every answer carries, and proves the caller before anything of
/// the body is read.
async fn prove(State(doors): State<Doors>, mut request: Request, next: Next) -> Response {
    let id = CallId::fresh(now_ms());
    request.extensions_mut().insert(id.clone());
    let mut response = judged(doors, request, next).await;
    headers::add_call_id(response.headers_mut(), &id);
    response
}

async fn judged(doors: Doors, request: Request, next: Next) -> Response {
    let origin = match doors.judge_browser(request.headers()) {
        Ok(origin) => origin,
        Err(fault) => return refuse(fault, request).await,
    };
    if origin == cors::Origin::None {
        return proven(&doors, request, next).await;
    }
    if let Some(answer) = cors::preflight(request.method(), request.headers(), &origin) {
        return answer;
    }
    let mut response = proven(&doors, request, next).await;
    cors::allow(response.headers_mut(), &origin);
    response
}

async fn proven(doors: &Doors, mut request: Request, next: Next) -> Response {
    let uri = request.uri();
    let knock = Knock {
        headers: request.headers(),
        path: uri.path(),
        query: uri.query(),
        peer: request.extensions().get::<Peer>().map(|peer| peer.0),
        now_ms: now_ms(),
    };
    let gate = doors.gate();
    if gate.routes.is_public(request.method(), uri.path()) {
        return match gate.door.admit_address(knock) {
            Ok(()) => next.run(request).await,
            Err(fault) => refuse(fault, request).await,
        };
    }
    let came = (
        request.extensions().get::<Encrypted>().is_some(),
        uri.authority().map(|it| it.as_str()),
    );
    match doors.prove(knock, request.method(), came).await {
        Ok((caller, session)) => {
            if let Some(session) = session {
                request.extensions_mut().insert(session);
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(fault) => {
            let operation = refused::operation(request.uri().path());
            let calls = doors.metrics.calls();
            calls.turned_away(operation, status(&fault).as_u16(), fault.kind.class());
            refuse(fault, request).await
        }
    }
}

async fn refuse(fault: Fault, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let dialect = match Route::of(path) {
        Some((route, _)) => route.dialect(),
        _ if path.starts_with("/v1/messages") => Dialect::Anthropic,
        _ if google::is_google(path) => Dialect::Google,
        _ => Dialect::OpenAi,
    };
    let id = headers::call_id(&parts.extensions);
    tracing::info!(call.id = %id, http.path = path, fault = %fault, "a caller was refused");
    body::discard(body, &parts.headers).await;
    ApiError::new(fault, dialect).into_response()
}
