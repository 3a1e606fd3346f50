//! Signatures against those of botocore (`fixtures/sigv4.json`).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, Method, Request, Response};
use serde_json::Value;
use sluice_credentials::{Body, Fetch, Reach, Tokens, Unsigned};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::rig::{NOW, clock, given, signer};

struct Nobody;

impl Fetch for Nobody {
    fn fetch(&self, _: Request<Bytes>, _: Reach) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        async { Err("nobody is asked".to_owned()) }.boxed()
    }
}

fn vectors() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../fixtures/sigv4.json")).unwrap();
    assert_eq!(vectors["epoch"], NOW);
    vectors
}

async fn added(vectors: &Value, vector: &Value, body: Body<'_>) -> HeaderMap {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, secret) = (
        text(&vectors["access_key_id"]),
        text(&vectors["secret_access_key"]),
    );
    let token = vector["session_token"].as_str().unwrap_or_default();
    let given = given(
        &[
            ("aws_access_key_id", &id),
            ("aws_secret_access_key", &secret),
            ("aws_session_token", token),
        ],
        &[],
    );
    let (service, region) = (text(&vector["service"]), text(&vector["region"]));
    let signer = signer(
        "sigv4",
        &[("service", &service), ("region", &region)],
        &given,
    );
    let mut headers = HeaderMap::new();
    for (name, value) in vector["headers"].as_object().unwrap() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, text(value).parse().unwrap());
    }
    // Headers that proxies change and a client's trace are no part of the signature.
    headers.insert("user-agent", "sluice".parse().unwrap());
    headers.insert("traceparent", "00-1-2-01".parse().unwrap());
    headers.insert("x-amzn-trace-id", "Root=1".parse().unwrap());
    let tokens = Tokens::new(Arc::new(Nobody), clock(), &TaskTracker::new());
    let request = Unsigned {
        method: &text(&vector["method"]).parse::<Method>().unwrap(),
        url: &Url::parse(&text(&vector["url"])).unwrap(),
        headers: &headers,
        body,
    };
    signer.headers(&tokens, &request).await.unwrap()
}

#[tokio::test]
async fn every_signature_is_botocores() {
    let vectors = vectors();
    for vector in vectors["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let body = vector["body"].as_str().unwrap();
        let headers = added(&vectors, vector, Body::Bytes(body.as_bytes())).await;
        for (header, value) in vector["added"].as_object().unwrap() {
            let own = headers.get(header).map(|it| it.to_str().unwrap());
            assert_eq!(own, value.as_str(), "{name}: {header}");
        }
        assert_eq!(headers.len(), vector["added"].as_object().unwrap().len());
        assert!(headers.values().all(http::HeaderValue::is_sensitive));
    }
}

#[tokio::test]
async fn a_digest_signs_as_its_body_does() {
    let vectors = vectors();
    let vector = &vectors["vectors"][0];
    // That of `{"messages":[]}`.
    let digest = {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(vector["body"].as_str().unwrap());
        digest
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect::<String>()
    };
    let headers = added(&vectors, vector, Body::Sha256(&digest)).await;
    assert_eq!(
        headers["authorization"],
        vector["added"]["authorization"].as_str().unwrap()
    );
    let unsigned = added(&vectors, vector, Body::Unsigned).await;
    assert_eq!(unsigned["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
}
