use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sluice_credentials::{Given, Kind, Reach, Signer, Trust};

use crate::google::RSA;
use crate::rig::{Answer, NOW, Rig, Seen, claims, given, json, signer};

const TENANT: (&str, &str) = ("tenant_id", "the-tenant");
const CLIENT: (&str, &str) = ("client_id", "the-client");
const URL: &str = "https://login.microsoftonline.com/the-tenant/oauth2/v2.0/token";

fn token(_: &Seen) -> Answer {
    json(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ.entra"}))
}

async fn asked(given: &Given) -> Seen {
    let rig = Rig::new(token).await;
    assert_eq!(
        rig.authorization(&signer("azure", &[], given))
            .await
            .unwrap(),
        "Bearer eyJ.entra"
    );
    rig.seen().remove(0)
}

#[tokio::test]
async fn a_principal_proves_itself_by_its_secret() {
    let seen = asked(&given(
        &[TENANT, CLIENT, ("client_secret", "the~secret")],
        &[],
    ))
    .await;
    assert_eq!(seen.url.as_str(), URL);
    assert_eq!(seen.field("grant_type"), "client_credentials");
    assert_eq!(seen.field("client_secret"), "the~secret");
    assert_eq!(
        seen.field("scope"),
        "https://cognitiveservices.azure.com/.default"
    );
    let env = [
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_CLIENT_SECRET", "the~secret"),
        ("AZURE_SCOPE", "https://ai.azure.com/.default"),
        ("AZURE_AUTHORITY_HOST", "login.microsoftonline.us"),
    ];
    let seen = asked(&given(&[], &env)).await;
    assert_eq!(
        seen.url.as_str(),
        "https://login.microsoftonline.us/t/oauth2/v2.0/token"
    );
    assert_eq!(seen.field("scope"), "https://ai.azure.com/.default");
}

#[tokio::test]
async fn a_principal_proves_itself_by_its_certificate() {
    let der = [48, 3, 2, 1, 5];
    let pem = format!(
        "{}-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        *RSA,
        STANDARD.encode(der)
    );
    let seen = asked(&given(&[TENANT, CLIENT, ("azure_certificate", &pem)], &[])).await;
    let assertion = seen.field("client_assertion");
    let header = jsonwebtoken::decode_header(&assertion).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::PS256);
    assert_eq!(
        header.x5t_s256,
        Some(URL_SAFE_NO_PAD.encode(Sha256::digest(der)))
    );
    assert_eq!(header.x5c, None);
    let said = claims(&assertion);
    assert_eq!(
        (
            said["aud"].as_str(),
            said["iss"].as_str(),
            said["sub"].as_str()
        ),
        (Some(URL), Some("the-client"), Some("the-client"))
    );
    assert_eq!(said["exp"], NOW + 600);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.pem");
    std::fs::write(&path, pem).unwrap();
    let path = path.display().to_string();
    let env = [
        ("AZURE_CLIENT_CERTIFICATE_PATH", path.as_str()),
        ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "true"),
    ];
    let seen = asked(&given(&[TENANT, CLIENT], &env)).await;
    let header = jsonwebtoken::decode_header(seen.field("client_assertion")).unwrap();
    assert_eq!(header.x5c, Some(vec![STANDARD.encode(der)]));
}

#[tokio::test]
async fn a_workload_brings_its_federated_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "federated\n").unwrap();
    let path = path.display().to_string();
    let seen = asked(&given(
        &[TENANT, CLIENT],
        &[("AZURE_FEDERATED_TOKEN_FILE", &path)],
    ))
    .await;
    assert_eq!(seen.field("client_assertion"), "federated");
    assert_eq!(
        seen.field("client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
}

#[tokio::test]
async fn a_user_gives_a_password() {
    let seen = asked(&given(
        &[
            TENANT,
            CLIENT,
            ("azure_username", "u"),
            ("azure_password", "pass-word"),
        ],
        &[],
    ))
    .await;
    assert_eq!(
        (seen.field("grant_type"), seen.field("password")),
        ("password".into(), "pass-word".into())
    );
}

#[tokio::test]
async fn a_token_that_is_given_is_taken() {
    let rig = Rig::new(token).await;
    let env = [("MINE", "eyJ.given")];
    for value in ["eyJ.given", "oidc/env/MINE"] {
        let given = given(&[("azure_ad_token", value)], &env);
        assert_eq!(
            rig.authorization(&signer("azure", &[], &given))
                .await
                .unwrap(),
            "Bearer eyJ.given"
        );
    }
    assert!(rig.seen().is_empty());
}

#[tokio::test]
async fn what_the_deployment_says_wins_over_the_environment() {
    let env = [
        ("AZURE_AD_TOKEN", "eyJ.other"),
        ("AZURE_USERNAME", "u"),
        ("AZURE_PASSWORD", "p"),
        ("AZURE_TENANT_ID", "the-tenant"),
    ];
    let seen = asked(&given(&[CLIENT, ("client_secret", "the~secret")], &env)).await;
    assert_eq!(
        (seen.url.as_str(), seen.field("client_secret")),
        (URL, "the~secret".into())
    );
}

#[tokio::test]
async fn the_machine_has_an_identity() {
    let rig = Rig::new(|_| {
        json(
            json!({"access_token": "eyJ.machine", "expires_on": (NOW + 86400).to_string(), "token_type": "Bearer"}),
        )
    });
    let rig = rig.await;
    let vm = given(&[CLIENT], &[]);
    assert_eq!(
        rig.authorization(&signer("azure", &[], &vm)).await.unwrap(),
        "Bearer eyJ.machine"
    );
    let service = given(
        &[],
        &[
            ("IDENTITY_ENDPOINT", "http://localhost:4141/msi/token"),
            ("IDENTITY_HEADER", "proof-of-app"),
        ],
    );
    rig.headers(&signer("azure", &[], &service)).await.unwrap();
    let seen = rig.seen();
    assert_eq!(seen[0].url.host_str(), Some("169.254.169.254"));
    assert_eq!(seen[0].url.path(), "/metadata/identity/oauth2/token");
    assert_eq!(
        (seen[0].header("metadata"), seen[0].reach),
        ("true", Reach::Metadata)
    );
    assert_eq!(
        (seen[0].query("resource"), seen[0].query("client_id")),
        (
            "https://cognitiveservices.azure.com".into(),
            "the-client".into()
        )
    );
    assert_eq!(
        (
            seen[1].header("x-identity-header"),
            seen[1].query("api-version")
        ),
        ("proof-of-app", "2019-08-01".into())
    );
    let arc = given(&[], &[("IDENTITY_ENDPOINT", "http://localhost:40342/")]);
    assert_eq!(
        rig.failure(&signer("azure", &[], &arc), &[]).await.kind,
        Kind::Unsupported
    );
}

#[tokio::test]
async fn failures_say_the_cure_and_no_secret() {
    let secret = "the~client~secret";
    let rig = Rig::new(|seen| {
        let said = format!(
            "AADSTS7000215: Invalid client secret {}",
            seen.field("client_secret")
        );
        (
            401,
            json!({"error": "invalid_client", "error_description": said}).to_string(),
        )
    });
    let rig = rig.await;
    let own = given(&[TENANT, CLIENT, ("client_secret", secret)], &[]);
    let error = rig.failure(&signer("azure", &[], &own), &[secret]).await;
    assert!(error.message.contains("AADSTS7000215") && error.message.contains("`client_id`"));
    let error = Signer::new(
        "azure",
        &[],
        &given(&[CLIENT, ("client_secret", secret)], &[]),
    )
    .unwrap_err();
    assert!(error.message.contains("`tenant_id`") && error.message.contains("`AZURE_TENANT_ID`"));
    let keyless = given(
        &[TENANT, CLIENT, ("azure_certificate", "no pem at all")],
        &[],
    );
    let error = rig
        .failure(&signer("azure", &[], &keyless), &["no pem at all"])
        .await;
    assert!(error.message.contains("must be PEM"));
    let client = Given {
        trust: Trust::Client,
        ..given(&[], &[("AZURE_CLIENT_SECRET", secret)])
    };
    assert!(Signer::new("azure", &[], &client).is_err());
}
