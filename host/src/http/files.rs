//! Files and batches that lie at providers.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Uri};
use tokio::time::Instant;

use super::calls::{respond, source};
use super::error::ApiError;
use super::turnstile::Turn;
use super::{Doors, body, headers, spool, steering};
use crate::auth::{Caller, allow_model};
use crate::domain::Fault;
use crate::pipeline::accounting::Source;
use crate::pipeline::remote::{Asking, Kind, NewFile, Wanted};
use crate::pipeline::{Answer, Controls, Dialect, Failure};

/// Adds the routes, each with `/v1` and without.
pub fn add_routes(mut router: Router<Doors>) -> Router<Doors> {
    for prefix in ["", "/v1"] {
        let at = |path: &str| format!("{prefix}{path}");
        router = router
            .route(&at("/files"), get(list_files).post(create_file))
            .route(&at("/files/{id}"), get(get_file).delete(delete_file))
            .route(&at("/files/{id}/content"), get(file_content))
            .route(&at("/batches"), get(list_batches).post(create_batch))
            .route(&at("/batches/{id}"), get(get_batch))
            .route(&at("/batches/{id}/cancel"), post(cancel_batch));
    }
    router
}

/// A request that may be served.
struct Came {
    parts: Parts,
    caller: Caller,
    turn: Option<Turn>,
    /// How long it waited for that.
    queued: Duration,
}

impl Came {
    /// Waits for its turn.
    async fn new(doors: &Doors, mut parts: Parts) -> Result<Self, Fault> {
        // The router lets nobody in without one.
        let caller = parts.extensions.remove::<Caller>();
        let caller = caller
            .ok_or_else(|| Fault::ours("the caller is not known", "a call without a caller"))?;
        let arrived = Instant::now();
        let limits = doors.admission();
        let turn = doors.turnstile.enter(&limits).await.map_err(|shed| {
            doors.metrics.shed(shed.as_str());
            shed.fault(&limits)
        })?;
        Ok(Self {
            parts,
            caller,
            turn,
            queued: arrived.elapsed(),
        })
    }

    fn asking(&self) -> Asking<'_> {
        Asking {
            id: headers::call_id(&self.parts.extensions),
            caller: &self.caller,
            source: Source {
                queued: self.queued,
                ..source(&self.parts, &Controls::default())
            },
            tags: steering::tags(&self.parts.headers),
        }
    }

    fn answered(self, answer: Result<Answer, Failure>) -> Response {
        match answer {
            Ok(answer) => respond(answer, self.turn),
            Err(failure) => {
                let fault = ApiError::new(failure.fault, Dialect::OpenAi);
                let mut response = fault.into_response();
                headers::add_trail(response.headers_mut(), &failure.trail);
                response
            }
        }
    }
}

fn refused(fault: Fault) -> Response {
    tracing::info!(fault = %fault, "a request was refused");
    ApiError::new(fault, Dialect::OpenAi).into_response()
}

/// What says where a file goes, outside of the form: names of models, and of a provider.
fn placing(uri: &Uri, headers: &HeaderMap) -> [Option<String>; 2] {
    let (mut models, mut provider) = (None, None);
    let query = uri.query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "target_model_names" | "model" => models = Some(value.into_owned()),
            "custom_llm_provider" => provider = Some(value.into_owned()),
            _ => {}
        }
    }
    let header = headers.get("custom-llm-provider");
    let header = header.and_then(|it| it.to_str().ok());
    [models, provider.or(header.map(str::to_owned))]
}

/// `POST /files`: a form with one file, which is passed on from disk.
async fn create_file(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, incoming) = request.into_parts();
    let came = match Came::new(&doors, parts).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let most = doors.pipeline.fleet().config.general.max_file_bytes;
    let read = spool::read(incoming, &came.parts.headers, most, &doors.spools).await;
    let (fields, files) = match read {
        Ok(form) => form,
        Err(fault) => return refused(fault),
    };
    let [models, provider] = placing(&came.parts.uri, &came.parts.headers);
    let file = NewFile {
        fields,
        files,
        models,
        provider,
        spools: &doors.spools,
    };
    let gate = doors.gate();
    let allow = |model: &str| {
        let allowed = allow_model(&came.caller, &gate.catalog, model);
        allowed.map(|it| it.target.to_owned())
    };
    let answer = doors
        .pipeline
        .create_file(came.asking(), file, &allow)
        .await;
    came.answered(answer)
}

/// `GET /files`: the caller's own, newest first.
async fn list_files(State(doors): State<Doors>, request: Request) -> Response {
    list(&doors, request, Kind::File).await
}

/// `GET /files/{id}`
async fn get_file(
    State(doors): State<Doors>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let came = match Came::new(&doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let answer = doors.pipeline.get_file(came.asking(), &id).await;
    came.answered(answer)
}

/// `GET /files/{id}/content`: its bytes, as they come.
async fn file_content(
    State(doors): State<Doors>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let came = match Came::new(&doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let answer = doors.pipeline.file_content(came.asking(), &id).await;
    came.answered(answer)
}

/// `DELETE /files/{id}`
async fn delete_file(
    State(doors): State<Doors>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let came = match Came::new(&doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let answer = doors.pipeline.delete_file(came.asking(), &id).await;
    came.answered(answer)
}

/// `POST /batches`: of a file that was uploaded for it.
async fn create_batch(State(doors): State<Doors>, request: Request) -> Response {
    let (parts, incoming) = request.into_parts();
    let came = match Came::new(&doors, parts).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let read = body::read(incoming, &came.parts.headers, doors.max_request_bytes()).await;
    let body = match read {
        Ok(body) => body,
        Err(fault) => return refused(fault),
    };
    let gate = doors.gate();
    let allow = |model: &str| {
        let allowed = allow_model(&came.caller, &gate.catalog, model);
        allowed.map(|it| it.target.to_owned())
    };
    let answer = doors
        .pipeline
        .create_batch(came.asking(), body, &allow)
        .await;
    came.answered(answer)
}

/// `GET /batches`: the caller's own, newest first.
async fn list_batches(State(doors): State<Doors>, request: Request) -> Response {
    list(&doors, request, Kind::Batch).await
}

/// `GET /batches/{id}`
async fn get_batch(
    State(doors): State<Doors>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let came = match Came::new(&doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let answer = doors.pipeline.get_batch(came.asking(), &id).await;
    came.answered(answer)
}

/// `POST /batches/{id}/cancel`
async fn cancel_batch(
    State(doors): State<Doors>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let came = match Came::new(&doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let answer = doors.pipeline.cancel_batch(came.asking(), &id).await;
    came.answered(answer)
}

async fn list(doors: &Doors, request: Request, kind: Kind) -> Response {
    let came = match Came::new(doors, request.into_parts().0).await {
        Ok(came) => came,
        Err(fault) => return refused(fault),
    };
    let mut wanted = Wanted::default();
    let query = came.parts.uri.query().unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "after" => &mut wanted.after,
            "limit" => &mut wanted.limit,
            "order" => &mut wanted.order,
            "purpose" => &mut wanted.purpose,
            _ => continue,
        };
        *place = Some(value.into_owned());
    }
    match doors
        .pipeline
        .list_remote(&came.asking(), kind, &wanted)
        .await
    {
        Ok(list) => {
            let mut response = Response::new(axum::body::Body::from(list));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(fault) => refused(fault),
    }
}
