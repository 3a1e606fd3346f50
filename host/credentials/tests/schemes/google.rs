use std::sync::LazyLock;

use base64::Engine as _;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use serde_json::{Value, json};
use sluice_credentials::{Given, Kind, Reach, Trust, google_project};

use crate::google_federation::external;
use crate::rig::{Answer, NOW, Rig, Seen, claims, given, json, signer};

/// Made anew for each run.
pub static RSA: LazyLock<String> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
});

pub fn token(_: &Seen) -> Answer {
    json(json!({"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"}))
}

pub fn account() -> Value {
    json!({
        "type": "service_account", "project_id": "the-project", "private_key_id": "key-1",
        "private_key": *RSA, "client_email": "gateway@the-project.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

pub fn with(document: &Value) -> Given {
    given(&[("vertex_credentials", &document.to_string())], &[])
}

#[tokio::test]
async fn a_service_account_signs_for_its_token() {
    let rig = Rig::new(token).await;
    let given = with(&account());
    let signer = signer("google", &[], &given);
    assert_eq!(
        rig.authorization(&signer).await.unwrap(),
        "Bearer ya29.token"
    );
    let seen = &rig.seen()[0];
    assert_eq!(seen.url.as_str(), "https://oauth2.googleapis.com/token");
    assert_eq!(
        seen.field("grant_type"),
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    );
    let assertion = seen.field("assertion");
    let said = claims(&assertion);
    assert_eq!(said["iss"], "gateway@the-project.iam.gserviceaccount.com");
    assert_eq!(said["aud"], "https://oauth2.googleapis.com/token");
    assert_eq!(
        said["scope"],
        "https://www.googleapis.com/auth/cloud-platform"
    );
    assert_eq!(
        (said["iat"].clone(), said["exp"].clone()),
        (json!(NOW), json!(NOW + 3600))
    );
    assert_eq!(
        jsonwebtoken::decode_header(&assertion)
            .unwrap()
            .kid
            .as_deref(),
        Some("key-1")
    );
    assert_eq!(
        google_project(&given).await.unwrap().as_deref(),
        Some("the-project")
    );
}

#[tokio::test]
async fn a_document_may_be_a_file() {
    let rig = Rig::new(token).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    std::fs::write(&path, account().to_string()).unwrap();
    let path = path.display().to_string();
    for given in [
        given(&[("vertex_credentials", &path)], &[]),
        given(&[], &[("GOOGLE_APPLICATION_CREDENTIALS", &path)]),
    ] {
        rig.headers(&signer("google", &[], &given)).await.unwrap();
    }
    std::fs::rename(
        &path,
        folder.path().join("application_default_credentials.json"),
    )
    .unwrap();
    let config = folder.path().display().to_string();
    let found = given(&[], &[("CLOUDSDK_CONFIG", &config)]);
    rig.headers(&signer("google", &[], &found)).await.unwrap();
    assert_eq!(rig.seen().len(), 3);
}

#[tokio::test]
async fn a_user_refreshes() {
    let rig = Rig::new(token).await;
    let user = json!({"type": "authorized_user", "client_id": "i", "client_secret": "user-secret",
        "refresh_token": "1//refresh", "quota_project_id": "paying"});
    let headers = rig
        .headers(&signer("google", &[], &with(&user)))
        .await
        .unwrap();
    assert_eq!(headers["x-goog-user-project"], "paying");
    let seen = &rig.seen()[0];
    assert_eq!(
        (seen.field("grant_type"), seen.field("refresh_token")),
        ("refresh_token".into(), "1//refresh".into())
    );
    let rig = Rig::new(|seen| (400, json!({"error": "invalid_grant", "error_description": format!("{} is revoked", seen.field("refresh_token"))}).to_string())).await;
    let error = rig
        .failure(
            &signer("google", &[], &with(&user)),
            &["1//refresh", "user-secret"],
        )
        .await;
    assert!(error.message.contains("invalid_grant") && error.message.contains("sign in again"));
}

#[tokio::test]
async fn the_machine_gives_a_token() {
    let rig = Rig::new(token).await;
    rig.headers(&signer("google", &[], &given(&[], &[])))
        .await
        .unwrap();
    let seen = &rig.seen()[0];
    assert_eq!(
        (seen.url.host_str(), seen.reach),
        (Some("metadata.google.internal"), Reach::Metadata)
    );
    assert_eq!(seen.header("metadata-flavor"), "Google");
    assert_eq!(
        seen.query("scopes"),
        "https://www.googleapis.com/auth/cloud-platform"
    );
    let off = given(&[], &[("NO_GCE_CHECK", "true")]);
    let error = rig.failure(&signer("google", &[], &off), &[]).await;
    assert!(error.message.contains("`vertex_credentials`"));
}

#[tokio::test]
async fn documents_that_cannot_be_used_show_nothing_of_themselves() {
    let rig = Rig::new(token).await;
    let garbage = base64::engine::general_purpose::STANDARD.encode([7; 60]);
    let mut keyless = account();
    keyless["private_key"] =
        format!("-----BEGIN PRIVATE KEY-----\n{garbage}\n-----END PRIVATE KEY-----").into();
    for (document, kind) in [
        (
            json!({"type": "service_account", "private_key": garbage}),
            Kind::Missing,
        ),
        (json!({"type": garbage}), Kind::Missing),
        (keyless, Kind::Missing),
        (
            external(json!({"executable": {"command": garbage}})),
            Kind::Unsupported,
        ),
        (
            external(json!({"environment_id": "azure1"})),
            Kind::Unsupported,
        ),
    ] {
        let error = rig
            .failure(&signer("google", &[], &with(&document)), &[&garbage])
            .await;
        assert_eq!(error.kind, kind, "{error}");
    }
    assert!(rig.seen().is_empty());
}

#[tokio::test]
async fn a_clients_document_leads_to_public_addresses_only() {
    let rig = Rig::new(token).await;
    let mut document = account();
    document["token_uri"] = "http://169.254.169.254/token".into();
    let client = Given {
        trust: Trust::Client,
        ..with(&document)
    };
    rig.headers(&signer("google", &[], &client)).await.unwrap();
    assert_eq!(rig.seen()[0].reach, Reach::Client);
}
