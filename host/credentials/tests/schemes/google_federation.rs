//! Identities of elsewhere that become Google's.

use serde_json::{Value, json};
use sluice_credentials::{Given, Trust};

use crate::google::{account, token, with};
use crate::rig::{Answer, Rig, Seen, given, json, signer};

pub fn external(source: Value) -> Value {
    json!({
        "type": "external_account", "audience": "//iam.googleapis.com/projects/1/pools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token", "credential_source": source,
    })
}

fn federation(seen: &Seen) -> Answer {
    match seen.url.host_str().unwrap() {
        "sts.googleapis.com" => token(seen),
        "iamcredentials.googleapis.com" => {
            json(json!({"accessToken": "ya29.account", "expireTime": "2026-03-01T13:30:45Z"}))
        }
        "idp.example" => json(json!({"value": "subject-of-url"})),
        _ => (404, String::new()),
    }
}

#[tokio::test]
async fn a_workload_changes_its_token_for_one_of_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "subject-of-file\n").unwrap();
    let url = json!({"url": "https://idp.example/token", "headers": {"X-Proof": "p"},
        "format": {"type": "json", "subject_token_field_name": "value"}});
    for (source, subject, proof) in [
        (json!({"file": path}), "subject-of-file", false),
        (url, "subject-of-url", true),
    ] {
        let rig = Rig::new(federation).await;
        let mut document = external(source);
        document["service_account_impersonation_url"] =
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:generateAccessToken".into();
        document["service_account_impersonation"] = json!({"token_lifetime_seconds": 2800});
        let signer = signer("google", &[("scope", "one two")], &with(&document));
        assert_eq!(
            rig.authorization(&signer).await.unwrap(),
            "Bearer ya29.account"
        );
        let seen = rig.seen();
        if proof {
            assert_eq!(seen[0].header("x-proof"), "p");
        }
        let [exchange, account] = &seen[seen.len() - 2..] else {
            panic!()
        };
        assert_eq!(exchange.field("subject_token"), subject);
        assert_eq!(
            exchange.field("audience"),
            "//iam.googleapis.com/projects/1/pools/p/providers/q"
        );
        assert_eq!(
            exchange.field("scope"),
            "https://www.googleapis.com/auth/cloud-platform"
        );
        assert_eq!(account.header("authorization"), "Bearer ya29.token");
        let asked: Value = serde_json::from_str(&account.body).unwrap();
        assert_eq!(asked, json!({"scope": ["one", "two"], "lifetime": "2800s"}));
    }
}

#[tokio::test]
async fn a_workload_on_aws_signs_a_question_for_google() {
    let rig = Rig::new(|seen| match seen.url.path() {
        "/latest/api/token" => (200, "session".into()),
        "/latest/meta-data/placement/availability-zone" => (200, "eu-central-1b".into()),
        _ => federation(seen),
    });
    let rig = rig.await;
    let mut document = external(json!({"environment_id": "aws1",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}));
    document["subject_token_type"] = "urn:ietf:params:aws:token-type:aws4_request".into();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "env-secret"),
    ];
    let given = given(&[("vertex_credentials", &document.to_string())], &keys);
    assert_eq!(
        rig.authorization(&signer("google", &[], &given))
            .await
            .unwrap(),
        "Bearer ya29.token"
    );
    let subject = rig.seen().last().unwrap().field("subject_token");
    let decoded: Vec<(String, String)> = url::form_urlencoded::parse(subject.as_bytes())
        .into_owned()
        .collect();
    let question: Value = serde_json::from_str(&decoded[0].0).unwrap();
    assert_eq!(question["method"], "POST");
    assert_eq!(
        question["url"],
        "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    );
    let headers = question["headers"].as_array().unwrap();
    let signed = headers
        .iter()
        .find(|it| it["key"] == "authorization")
        .unwrap();
    let signed = signed["value"].as_str().unwrap();
    assert!(
        signed.contains("AKIAENV/20260301/eu-central-1/sts")
            && signed.contains("x-goog-cloud-target-resource")
    );
}

#[tokio::test]
async fn an_account_is_impersonated() {
    let rig = Rig::new(|seen| {
        if seen.url.host_str() == Some("oauth2.googleapis.com") {
            token(seen)
        } else {
            federation(seen)
        }
    })
    .await;
    let document = json!({"type": "impersonated_service_account", "source_credentials": account(), "delegates": ["d"],
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x:generateAccessToken"});
    assert_eq!(
        rig.authorization(&signer("google", &[], &with(&document)))
            .await
            .unwrap(),
        "Bearer ya29.account"
    );
    assert!(rig.seen()[1].body.contains("\"delegates\":[\"d\"]"));
}

#[tokio::test]
async fn a_stored_model_brings_no_workload_identity() {
    let rig = Rig::new(federation).await;
    let stored = Given {
        trust: Trust::Stored,
        ..with(&external(json!({"file": "/etc/hostname"})))
    };
    let error = rig.failure(&signer("google", &[], &stored), &[]).await;
    assert!(error.message.contains("`service_account`") && rig.seen().is_empty());
}
