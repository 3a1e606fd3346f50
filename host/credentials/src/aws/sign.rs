//! AWS Signature Version 4, by AWS's own crate.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Credentials;
use crate::error::Error;
use crate::secret::Secret;
use crate::signer::{Body, Unsigned};

/// The headers that prove who sends this request.
pub(crate) fn sign(
    keys: &Credentials,
    service: &str,
    region: &str,
    time: SystemTime,
    request: &Unsigned<'_>,
) -> Result<HeaderMap, Error> {
    let wrong = |what: String| Error::internal(format!("the request cannot be signed: {what}"));
    let identity = aws_credential_types::Credentials::new(
        keys.access_key_id.as_str(),
        keys.secret_access_key.reveal(),
        keys.session_token.as_ref().map(|it| it.reveal().to_owned()),
        None,
        "sluice",
    );
    let identity = identity.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings(service, &request.body))
        .build()
        .map_err(|cause| wrong(cause.to_string()))?;
    let headers = request
        .headers
        .iter()
        .filter(|(name, _)| is_signed(name))
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = match request.body {
        Body::Bytes(bytes) => SignableBody::Bytes(bytes),
        Body::Sha256(digest) => SignableBody::Precomputed(digest.to_owned()),
        Body::Unsigned => SignableBody::UnsignedPayload,
    };
    let signable =
        SignableRequest::new(request.method.as_str(), request.url.as_str(), headers, body)
            .map_err(|cause| wrong(cause.to_string()))?;
    let signed = aws_sigv4::http_request::sign(signable, &params.into())
        .map_err(|cause| wrong(cause.to_string()))?;
    let (instructions, _) = signed.into_parts();
    let mut added = HeaderMap::new();
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) else {
            return Err(Error::missing(
                "the AWS keys have characters that no header takes: correct them",
            ));
        };
        value.set_sensitive(true);
        added.insert(name, value);
    }
    Ok(added)
}

/// What proxies on the way may add or change is left out; what says something to AWS is in.
fn is_signed(name: &HeaderName) -> bool {
    let text = name.as_str();
    let meant = *name == CONTENT_TYPE
        || *name == HOST
        || text == "content-md5"
        || text.starts_with("x-amz-")
        || text.starts_with("x-amzn-")
        || text.starts_with("x-goog-");
    // Set by the signer itself, and changed by AWS's own load balancers.
    let replaced = ["x-amz-date", "x-amz-security-token", "x-amzn-trace-id"];
    meant && !replaced.contains(&text)
}

fn settings(service: &str, body: &Body<'_>) -> SigningSettings {
    let mut settings = SigningSettings::default();
    let s3 = service == "s3";
    if s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    if s3 || matches!(body, Body::Unsigned) {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

impl Credentials {
    pub(super) fn new(id: &str, secret: &str, token: Option<&str>) -> Self {
        Self {
            access_key_id: id.trim().to_owned(),
            secret_access_key: Secret::new(secret.trim()),
            session_token: token
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(Secret::from),
            region: None,
        }
    }
}
