//! Keys that the machine has, and who may not use them.

use serde_json::json;
use sluice_credentials::{Given, Kind, Reach, Signer, Trust};

use crate::aws::{PARAMS, ROLE, file, key, sts};
use crate::rig::{Answer, Rig, given, json, params, signer};

fn document(id: &str) -> Answer {
    json(json!({
        "Code": "Success", "AccessKeyId": id, "SecretAccessKey": "machine-secret",
        "Token": "machine-token", "Expiration": "2026-03-01T18:30:45Z",
    }))
}

#[tokio::test]
async fn a_container_gives_its_keys() {
    let rig = Rig::new(|_| document("ASIATASK")).await;
    let folder = tempfile::tempdir().unwrap();
    let token = file(folder.path(), "token", "pod-token");
    let ecs = given(
        &[],
        &[(
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "/v2/credentials/1",
        )],
    );
    assert_eq!(key(&rig, &ecs).await, "ASIATASK");
    let pod = given(
        &[],
        &[
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://169.254.170.23/v1/credentials",
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token),
        ],
    );
    assert_eq!(key(&rig, &pod).await, "ASIATASK");
    let seen = rig.seen();
    assert_eq!(
        seen[0].url.as_str(),
        "http://169.254.170.2/v2/credentials/1"
    );
    assert_eq!(seen[0].reach, Reach::Metadata);
    assert_eq!(seen[1].header("authorization"), "pod-token");
    let elsewhere = given(
        &[],
        &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/")],
    );
    let error = rig.failure(&signer("sigv4", PARAMS, &elsewhere), &[]).await;
    assert!(error.message.contains("must be `https`"));
}

#[tokio::test]
async fn an_instance_gives_its_keys_by_the_second_version() {
    let rig = Rig::new(|seen| match (seen.method.as_str(), seen.url.path()) {
        ("PUT", "/latest/api/token") => (200, "session".into()),
        ("GET", "/latest/meta-data/iam/security-credentials/") => (200, "the-role\n".into()),
        ("GET", "/latest/meta-data/iam/security-credentials/the-role") => document("ASIAINSTANCE"),
        _ => (404, String::new()),
    });
    let rig = rig.await;
    assert_eq!(key(&rig, &given(&[], &[])).await, "ASIAINSTANCE");
    let seen = rig.seen();
    assert_eq!(seen[0].url.host_str(), Some("169.254.169.254"));
    assert_eq!(seen[2].header("x-aws-ec2-metadata-token"), "session");
    let off = given(&[], &[("AWS_EC2_METADATA_DISABLED", "true")]);
    let error = rig.failure(&signer("sigv4", PARAMS, &off), &[]).await;
    assert_eq!(error.kind, Kind::Missing);
    assert!(error.message.contains("`aws_access_key_id`") && rig.seen().len() == 3);
}

#[tokio::test]
async fn half_a_pair_is_refused_by_its_names() {
    let error = |given: &Given| Signer::new("sigv4", &params(PARAMS), given).unwrap_err();
    let half = error(&given(&[("aws_access_key_id", "AKIA")], &[]));
    assert!(
        half.message
            .contains("`aws_access_key_id` is set without `aws_secret_access_key`")
    );
    let half = error(&given(&[], &[("AWS_SECRET_ACCESS_KEY", "s")]));
    assert!(
        half.message
            .contains("`AWS_SECRET_ACCESS_KEY` is set without `AWS_ACCESS_KEY_ID`")
    );
    let roleless = error(&given(&[("aws_web_identity_token", "t")], &[]));
    assert!(roleless.message.contains("`aws_role_name`"));
}

#[tokio::test]
async fn a_client_has_neither_the_environment_nor_the_machine() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let client = Given {
        trust: Trust::Client,
        ..given(&[], &keys)
    };
    let error = Signer::new("sigv4", &params(PARAMS), &client).unwrap_err();
    assert!(error.message.contains("with the request"), "{error}");
    let own = [
        ("aws_access_key_id", "AKIAOWN"),
        ("aws_secret_access_key", "o"),
    ];
    let client = Given {
        trust: Trust::Client,
        ..given(&own, &keys)
    };
    let rig = Rig::new(sts).await;
    assert_eq!(key(&rig, &client).await, "AKIAOWN");
}

#[tokio::test]
async fn stored_models_have_the_machine_and_cannot_send_it_elsewhere() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("DATABASE_URL", "postgres"),
    ];
    let stored = |settings: &[(&str, &str)]| Given {
        trust: Trust::Stored,
        ..given(settings, &keys)
    };
    let rig = Rig::new(sts).await;
    assert_eq!(
        key(&rig, &stored(&[("aws_role_name", ROLE)])).await,
        "ASIAROLE"
    );
    assert_eq!(rig.seen()[0].reach, Reach::Operator);
    for (name, value) in [
        ("aws_sts_endpoint", "https://elsewhere.example"),
        ("aws_profile_name", "other"),
        ("aws_web_identity_token", "oidc/env/DATABASE_URL"),
        ("aws_web_identity_token", "oidc/file//etc/hostname"),
        ("azure_authority_host", "elsewhere.example"),
        ("azure_certificate_path", "/etc/hostname"),
        ("token_url", "https://elsewhere.example"),
        ("vertex_credentials", "/etc/hostname"),
    ] {
        for trust in [Trust::Stored, Trust::Client] {
            let given = Given {
                trust,
                ..given(&[(name, value), ("aws_role_name", ROLE)], &keys)
            };
            for scheme in ["sigv4", "google", "azure"] {
                let error = Signer::new(scheme, &params(PARAMS), &given).unwrap_err();
                assert!(error.message.contains(name) && error.message.contains("config file"));
            }
        }
    }
}
