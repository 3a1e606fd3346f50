//! The part of a path that a route has a name for.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::error::ApiError;
use super::google;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Dialect;

/// The one part, decoded. What is no text is refused in the words of every refusal.
pub struct Part(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(it)| Self(it)).map_err(|cause| {
            let message = format!("the path cannot be read: {}", cause.body_text());
            let fault = Fault::caller(ErrorKind::InvalidRequest, message);
            let dialect = match google::is_google(parts.uri.path()) {
                true => Dialect::Google,
                false => Dialect::OpenAi,
            };
            ApiError::new(fault.with_param("path").with_status(400), dialect)
        })
    }
}
