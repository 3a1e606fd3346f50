use serde_json::json;
use sluice_credentials::{Given, Kind, Reach, Signer};

use crate::rig::{Rig, given, json, params, signer};

const SECRET: &str = "s3cr3t/of:the client";

fn deployment() -> Given {
    given(&[("client_id", "the id"), ("client_secret", SECRET)], &[])
}

const PARAMS: &[(&str, &str)] = &[
    ("token-url", "https://login.example/oauth/token"),
    ("scope", "all-apis"),
    ("audience", "https://api.example"),
];

#[tokio::test]
async fn client_credentials_go_as_basic() {
    let rig = Rig::new(|_| {
        json(json!({"access_token": "t-1", "token_type": "bearer", "expires_in": "3600"}))
    })
    .await;
    let signer = signer("oauth2", PARAMS, &deployment());
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-1");
    assert_eq!(
        signer.token_server(),
        Some("https://login.example/oauth/token")
    );
    let seen = &rig.seen()[0];
    assert_eq!(seen.url.as_str(), "https://login.example/oauth/token");
    assert_eq!(seen.reach, Reach::Plugin);
    assert_eq!(seen.field("grant_type"), "client_credentials");
    assert_eq!(
        (seen.field("scope"), seen.field("audience")),
        ("all-apis".into(), "https://api.example".into())
    );
    // base64 of `the+id:s3cr3t%2Fof%3Athe+client`
    assert_eq!(
        seen.header("authorization"),
        "Basic dGhlK2lkOnMzY3IzdCUyRm9mJTNBdGhlK2NsaWVudA=="
    );
    assert_eq!(seen.field("client_secret"), "");
}

#[tokio::test]
async fn client_credentials_go_in_the_form_if_the_plugin_says() {
    let rig = Rig::new(|_| json(json!({"access_token": "t-1"}))).await;
    let mut with = PARAMS.to_vec();
    with.push(("client-auth", "form"));
    rig.headers(&signer("oauth2", &with, &deployment()))
        .await
        .unwrap();
    let seen = &rig.seen()[0];
    assert_eq!(seen.field("client_secret"), SECRET);
    assert!(!seen.headers.contains_key("authorization"));
}

const IBM: &[(&str, &str)] = &[
    ("token-url", "https://iam.example/identity/token"),
    ("grant-type", "urn:ibm:params:oauth:grant-type:apikey"),
    ("secret", "api_key"),
    ("secret-field", "apikey"),
];

#[tokio::test]
async fn a_key_is_traded_for_a_token_by_the_grant_that_the_plugin_names() {
    let rig = Rig::new(|_| json(json!({"access_token": "iam-1", "expires_in": 3600}))).await;
    let key = given(&[("api_key", SECRET)], &[]);
    let ours = signer("oauth2", IBM, &key);
    assert_eq!(rig.authorization(&ours).await.unwrap(), "Bearer iam-1");
    let seen = &rig.seen()[0];
    assert_eq!(
        seen.field("grant_type"),
        "urn:ibm:params:oauth:grant-type:apikey"
    );
    assert_eq!(seen.field("apikey"), SECRET);
    assert!(!seen.headers.contains_key("authorization"));
    assert_eq!(
        ours.token_server(),
        Some("https://iam.example/identity/token")
    );
    // Another key has another token.
    let theirs = signer("oauth2", IBM, &given(&[("api_key", "another key")], &[]));
    rig.headers(&theirs).await.unwrap();
    rig.headers(&ours).await.unwrap();
    assert_eq!(rig.seen().len(), 2);
}

#[tokio::test]
async fn a_key_that_the_token_server_refuses_is_not_shown() {
    let rig = Rig::new(|_| {
        (
            400,
            json!({"errorCode": "BXNIM0415E", "errorMessage": format!("Provided API key {SECRET} could not be found.")})
                .to_string(),
        )
    })
    .await;
    let ours = signer("oauth2", IBM, &given(&[("api_key", SECRET)], &[]));
    let error = rig.failure(&ours, &[SECRET]).await;
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error.message.contains("could not be found")
            && error.message.contains("correct the deployment's key"),
        "{error}"
    );
}

#[tokio::test]
async fn the_operators_identity_service_wins() {
    let rig = Rig::new(|_| json(json!({"access_token": "t-1", "expires_in": 3600}))).await;
    let own = [
        ("api_key", SECRET),
        ("iam_url", "https://iam.own.example/token"),
    ];
    let own = signer("oauth2", IBM, &given(&own, &[]));
    assert_eq!(own.token_server(), None);
    rig.headers(&own).await.unwrap();
    assert_eq!(rig.seen()[0].url.host_str(), Some("iam.own.example"));
}

#[tokio::test]
async fn the_operators_token_server_wins() {
    let rig = Rig::new(|_| json(json!({"access_token": "t-1"}))).await;
    let own = [
        ("client_id", "i"),
        ("client_secret", SECRET),
        ("token_url", "http://10.0.0.1/token"),
    ];
    let signer = signer("oauth2", PARAMS, &given(&own, &[]));
    assert_eq!(signer.token_server(), None);
    rig.headers(&signer).await.unwrap();
    let seen = &rig.seen()[0];
    assert_eq!(seen.url.as_str(), "http://10.0.0.1/token");
    assert_eq!(seen.reach, Reach::Operator);
}

#[tokio::test]
async fn a_refusal_says_the_cure_and_no_secret() {
    let rig = Rig::new(|_| {
        (
            401,
            json!({"error": "invalid_client", "error_description": format!("bad {SECRET}")})
                .to_string(),
        )
    })
    .await;
    let error = rig
        .failure(&signer("oauth2", PARAMS, &deployment()), &[SECRET])
        .await;
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error.message.contains("invalid_client: bad ***")
            && error.message.contains("correct the client id")
    );
}

#[tokio::test]
async fn broken_answers_are_no_tokens() {
    for (body, says) in [
        ("<html>", "no JSON object"),
        ("[]", "no JSON object"),
        ("{}", "without `access_token`"),
        (r#"{"access_token": 7}"#, "without `access_token`"),
        (r#"{"access_token": " "}"#, "without `access_token`"),
        (r#"{"access_token": "a\nb"}"#, "no header takes"),
        (
            r#"{"access_token": "t", "expires_in": "soon"}"#,
            "no number",
        ),
        (r#"{"access_token": "t", "expires_in": -1}"#, "no number"),
        (
            r#"{"access_token": "t", "expires_in": 0}"#,
            "expired already",
        ),
        (
            r#"{"access_token": "t", "expires_on": 1}"#,
            "expired already",
        ),
        (
            r#"{"access_token": "t", "token_type": "mac"}"#,
            "type `mac`",
        ),
        (r#"{"error": "slow_down"}"#, "slow_down"),
    ] {
        let rig = Rig::new(move |_| (200, body.to_owned())).await;
        let error = rig
            .failure(&signer("oauth2", PARAMS, &deployment()), &[SECRET])
            .await;
        assert!(error.message.contains(says), "{body}: {error}");
    }
}

#[tokio::test]
async fn enormous_lives_are_cut() {
    let rig = Rig::new(|_| {
        (
            200,
            r#"{"access_token": "t", "expires_in": 18446744073709551615}"#.into(),
        )
    })
    .await;
    let signer = signer("oauth2", PARAMS, &deployment());
    rig.headers(&signer).await.unwrap();
    rig.clock.pass(31 * 24 * 3600);
    rig.headers(&signer).await.unwrap();
    assert_eq!(rig.seen().len(), 2);
}

#[test]
fn what_is_missing_is_named() {
    let error = |with: &[(&str, &str)], given: &Given| {
        Signer::new("oauth2", &params(with), given).unwrap_err()
    };
    assert!(error(&[], &deployment()).message.contains("`token_url`"));
    assert!(
        error(PARAMS, &given(&[("client_id", "i")], &[]))
            .message
            .contains("`client_secret`")
    );
    assert!(error(IBM, &deployment()).message.contains("`api_key`"));
    let without = error(
        &[("token-url", "https://a.example"), ("secret-field", "key")],
        &given(&[("api_key", "k")], &[]),
    );
    assert!(without.message.contains("`grant-type`"), "{without}");
    let unknown = Signer::new("kerberos", &[], &deployment()).unwrap_err();
    assert!(unknown.message.contains("`kerberos`") && !Signer::knows("kerberos"));
}
