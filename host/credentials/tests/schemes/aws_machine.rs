//! Keys that the machine has, and who may not use them.

use serde_json::json;
use sluice_credentials::{Given, Kind, Reach, Signer};

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
async fn a_client_has_neither_files_nor_the_machine() {
    let foreign = |settings: &[(&str, &str)]| Given {
        foreign: true,
        ..given(
            settings,
            &[
                ("AWS_ACCESS_KEY_ID", "AKIAENV"),
                ("AWS_SECRET_ACCESS_KEY", "x"),
            ],
        )
    };
    for settings in [&[][..], &[("aws_profile_name", "default")]] {
        let error = Signer::new("sigv4", &params(PARAMS), &foreign(settings)).unwrap_err();
        assert!(error.message.contains("with the request"), "{error}");
    }
    let rig = Rig::new(sts).await;
    for token in ["oidc/file//etc/hostname", "oidc/env/AWS_SECRET_ACCESS_KEY"] {
        let settings = [("aws_web_identity_token", token), ("aws_role_name", ROLE)];
        rig.failure(&signer("sigv4", PARAMS, &foreign(&settings)), &[])
            .await;
    }
    assert!(rig.seen().is_empty());
}
