//! Where AWS keys come from.

use std::path::Path;

use sluice_credentials::{Given, Kind};

use crate::rig::{Answer, Rig, Seen, given, signer};

pub const PARAMS: &[(&str, &str)] = &[("service", "bedrock"), ("region", "eu-west-1")];
pub const ROLE: &str = "arn:aws:iam::123456789012:role/models";

/// Whose key signed.
pub async fn key(rig: &Rig, given: &Given) -> String {
    let signed = rig
        .authorization(&signer("sigv4", PARAMS, given))
        .await
        .unwrap();
    let (_, rest) = signed.split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

fn role_keys(action: &str) -> Answer {
    let body = format!(
        "<{action}Response><{action}Result><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
         <SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role+token/=</SessionToken>\
         <Expiration>2026-03-01T13:30:45Z</Expiration></Credentials></{action}Result></{action}Response>"
    );
    (200, body)
}

pub fn sts(seen: &Seen) -> Answer {
    role_keys(&seen.field("Action"))
}

pub fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn the_chain_takes_the_first_that_is_there() {
    let rig = Rig::new(|_| (404, String::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let shared = file(
        folder.path(),
        "credentials",
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=x\n# a remark\n\
         [other]\naws_access_key_id=AKIAOTHER # mine\naws_secret_access_key=y\n",
    );
    let env = |more: &[(&'static str, &'static str)]| -> Vec<(&str, String)> {
        let more = more.iter().map(|(k, v)| (*k, (*v).to_owned()));
        more.chain([("AWS_SHARED_CREDENTIALS_FILE", shared.clone())])
            .collect()
    };
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "z"),
    ];
    let own = [
        ("aws_access_key_id", "AKIAOWN"),
        ("aws_secret_access_key", "o"),
    ];
    for (settings, env, expected) in [
        (&own[..], env(&keys), "AKIAOWN"),
        (&[("aws_profile_name", "other")], env(&keys), "AKIAOTHER"),
        (&[], env(&keys), "AKIAENV"),
        (&[], env(&[("AWS_PROFILE", "other")]), "AKIAOTHER"),
        (&[], env(&[]), "AKIADEFAULT"),
    ] {
        let env: Vec<(&str, &str)> = env.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(key(&rig, &given(settings, &env)).await, expected);
    }
    assert!(rig.seen().is_empty());
}

#[tokio::test]
async fn a_role_is_taken_on_with_the_keys_that_are_given() {
    let rig = Rig::new(sts).await;
    let settings = [
        ("aws_access_key_id", "AKIAOWN"),
        ("aws_secret_access_key", "own-secret"),
        ("aws_role_name", ROLE),
        ("aws_session_name", "gateway"),
        ("aws_external_id", "tenant 7"),
        ("aws_region_name", "eu-west-1"),
    ];
    let headers = rig
        .headers(&signer("sigv4", PARAMS, &given(&settings, &[])))
        .await
        .unwrap();
    assert_eq!(headers["x-amz-security-token"], "role+token/=");
    let seen = &rig.seen()[0];
    assert_eq!(seen.url.as_str(), "https://sts.eu-west-1.amazonaws.com/");
    assert_eq!(seen.field("RoleArn"), ROLE);
    assert_eq!(seen.field("RoleSessionName"), "gateway");
    assert_eq!(seen.field("ExternalId"), "tenant 7");
    let signed = seen.header("authorization");
    assert!(
        signed.contains("AKIAOWN/20260301/eu-west-1/sts/") && signed.contains("content-type;host;")
    );
    // Renewed before the hour is over.
    rig.clock.pass(3500);
    rig.headers(&signer("sigv4", PARAMS, &given(&settings, &[])))
        .await
        .unwrap();
    rig.settled().await;
    assert_eq!(rig.seen().len(), 2);
}

#[tokio::test]
async fn a_web_identity_is_a_value_a_variable_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "token", "jwt-of-file\n");
    let named = format!("oidc/file/{path}");
    for (settings, env, expected) in [
        (
            vec![("aws_web_identity_token", "jwt"), ("aws_role_name", ROLE)],
            vec![],
            "jwt",
        ),
        (
            vec![
                ("aws_web_identity_token", "oidc/env/MINE"),
                ("aws_role_name", ROLE),
            ],
            vec![("MINE", "jwt-of-env")],
            "jwt-of-env",
        ),
        (
            vec![
                ("aws_web_identity_token", named.as_str()),
                ("aws_role_name", ROLE),
            ],
            vec![],
            "jwt-of-file",
        ),
        (
            vec![],
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", path.as_str()),
                ("AWS_ROLE_ARN", ROLE),
            ],
            "jwt-of-file",
        ),
        (
            vec![("aws_role_name", ROLE)],
            vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", path.as_str()),
                ("AWS_ROLE_ARN", ROLE),
            ],
            "jwt-of-file",
        ),
    ] {
        let rig = Rig::new(sts).await;
        assert_eq!(key(&rig, &given(&settings, &env)).await, "ASIAROLE");
        let seen = rig.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].field("Action"), "AssumeRoleWithWebIdentity");
        assert_eq!(seen[0].field("WebIdentityToken"), expected);
        assert!(!seen[0].headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn a_refusal_of_sts_names_the_role_and_no_token() {
    let rig = Rig::new(|seen| {
        let token = seen.field("WebIdentityToken");
        (
            403,
            format!(
                "<Error><Code>AccessDenied</Code><Message>Not authorized: {token}</Message></Error>"
            ),
        )
    });
    let rig = rig.await;
    let settings = [
        ("aws_web_identity_token", "jwt.of.the.workload"),
        ("aws_role_name", ROLE),
    ];
    let error = rig
        .failure(
            &signer("sigv4", PARAMS, &given(&settings, &[])),
            &["jwt.of.the.workload"],
        )
        .await;
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error.message.contains("AccessDenied: Not authorized: ***"),
        "{error}"
    );
    assert!(error.message.contains(ROLE) && error.message.contains("trust policy"));
}

#[tokio::test]
async fn broken_answers_of_sts_are_no_keys() {
    for (body, says) in [
        ("", "without `AccessKeyId`"),
        (
            "<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey>",
            "without `SessionToken`",
        ),
        (
            "<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>soon</Expiration>",
            "no time of day",
        ),
        (
            "<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2020-01-01T00:00:00Z</Expiration>",
            "expired already",
        ),
    ] {
        let rig = Rig::new(move |_| (200, body.to_owned())).await;
        let settings = [("aws_web_identity_token", "jwt"), ("aws_role_name", ROLE)];
        let error = rig
            .failure(&signer("sigv4", PARAMS, &given(&settings, &[])), &[])
            .await;
        assert!(error.message.contains(says), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_profile_leads_to_its_source_and_has_a_region() {
    let rig = Rig::new(sts).await;
    let folder = tempfile::tempdir().unwrap();
    let shared = file(
        folder.path(),
        "credentials",
        "[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=x\n",
    );
    let config = file(
        folder.path(),
        "config",
        &format!(
            "[profile models]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = e\nregion = ap-south-1\n\
                  [profile loop]\nrole_arn = r\nsource_profile = loop2\n[profile loop2]\nrole_arn = r\nsource_profile = loop\n\
                  [profile sso]\nsso_session = s\n"
        ),
    );
    let env = [
        ("AWS_SHARED_CREDENTIALS_FILE", shared.as_str()),
        ("AWS_CONFIG_FILE", &config),
    ];
    let of = |name| {
        signer(
            "sigv4",
            &[("service", "bedrock")],
            &given(&[("aws_profile_name", name)], &env),
        )
    };
    let signed = rig.authorization(&of("models")).await.unwrap();
    assert!(
        signed.contains("ASIAROLE/20260301/ap-south-1/bedrock"),
        "{signed}"
    );
    assert!(
        rig.seen()[0]
            .header("authorization")
            .contains("AKIABASE/20260301/ap-south-1/sts")
    );
    assert_eq!(rig.seen()[0].field("ExternalId"), "e");
    assert!(
        rig.failure(&of("loop"), &[])
            .await
            .message
            .contains("without end")
    );
    assert_eq!(rig.failure(&of("sso"), &[]).await.kind, Kind::Unsupported);
    assert!(
        rig.failure(&of("nobody"), &[])
            .await
            .message
            .contains("`nobody`")
    );
}

#[tokio::test]
async fn a_region_must_be_named() {
    let rig = Rig::new(sts).await;
    let keys = given(
        &[("aws_access_key_id", "A"), ("aws_secret_access_key", "s")],
        &[],
    );
    let error = rig
        .failure(&signer("sigv4", &[("service", "bedrock")], &keys), &[])
        .await;
    assert!(error.message.contains("`aws_region_name`"));
}
