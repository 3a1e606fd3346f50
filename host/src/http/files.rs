//! Files and batches that lie at providers.

use std::pin::Pin;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Uri};

use super::calls::{respond, source};
use super::came::Came;
use super::error::ApiError;
use super::part::Part;
use super::{Doors, body, headers, spool, steering};
use crate::auth::allow_model;
use crate::domain::Fault;
use crate::pipeline::accounting::Source;
use crate::pipeline::remote::{Asking, Kind, NewFile, Wanted};
use crate::pipeline::{Answer, Controls, Dialect, Failure};

/// Adds the routes, each with `/v1` and without.
pub fn add_routes(mut router: Router<Doors>) -> Router<Doors> {
    use MethodFilter as On;
    for prefix in ["", "/v1"] {
        let at = |path: &str| format!("{prefix}{path}");
        router = router
            .route(&at("/files"), listed(Kind::File).post(create_file))
            .route(
                &at("/files/{id}"),
                about(On::GET, About::File).merge(about(On::DELETE, About::FileGone)),
            )
            .route(
                &at("/files/{id}/content"),
                about(On::GET, About::FileContent),
            )
            .route(&at("/batches"), listed(Kind::Batch).post(create_batch))
            .route(&at("/batches/{id}"), about(On::GET, About::Batch))
            .route(
                &at("/batches/{id}/cancel"),
                about(On::POST, About::BatchCancelled),
            );
    }
    router
}

/// What is asked about one that is there.
#[derive(Debug, Clone, Copy)]
enum About {
    File,
    /// Its bytes, as they come.
    FileContent,
    /// It is deleted.
    FileGone,
    Batch,
    /// It is cancelled.
    BatchCancelled,
}

fn about(method: MethodFilter, what: About) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, Part(id): Part, request: Request| async move {
        let came = match Came::new(&doors, request.into_parts().0).await {
            Ok(came) => came,
            Err(fault) => return refused(fault),
        };
        let (pipeline, asking) = (&doors.pipeline, asking(&came));
        let answer = match what {
            About::File => apart(|| pipeline.get_file(asking, &id)),
            About::FileContent => apart(|| pipeline.file_content(asking, &id)),
            About::FileGone => apart(|| pipeline.delete_file(asking, &id)),
            About::Batch => apart(|| pipeline.get_batch(asking, &id)),
            About::BatchCancelled => apart(|| pipeline.cancel_batch(asking, &id)),
        };
        let answer = answer.await;
        answered(came, answer)
    };
    on(method, handle)
}

type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// A future in a frame of its own: several whole calls in one are more than a thread's stack, where
/// nothing is optimised.
#[inline(never)]
fn apart<'a, F>(begin: impl FnOnce() -> F) -> Answering<'a>
where
    F: Future<Output = Result<Answer, Failure>> + Send + 'a,
{
    Box::pin(begin())
}

/// The caller's own, newest first.
fn listed(kind: Kind) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, request: Request| async move {
        list(&doors, request, kind).await
    };
    on(MethodFilter::GET, handle)
}

fn asking(came: &Came) -> Asking<'_> {
    Asking {
        id: came.id.clone(),
        caller: &came.caller,
        source: Source {
            queued: came.queued,
            ..source(&came.parts, &Controls::default())
        },
        tags: steering::tags(&came.parts.headers),
    }
}

fn answered(came: Came, answer: Result<Answer, Failure>) -> Response {
    match answer {
        Ok(answer) => respond(answer, came.turn),
        Err(failure) => {
            let fault = ApiError::new(failure.fault, Dialect::OpenAi);
            let mut response = fault.into_response();
            headers::add_trail(response.headers_mut(), &failure.trail);
            response
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
        .create_file(asking(&came), file, &allow)
        .await;
    answered(came, answer)
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
        .create_batch(asking(&came), body, (&allow, &doors.spools))
        .await;
    answered(came, answer)
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
        .list_remote(&asking(&came), kind, &wanted)
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
