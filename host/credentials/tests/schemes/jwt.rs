use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use sluice_credentials::{Given, Kind, Signer};

use crate::google::RSA;
use crate::rig::{NOW, Rig, claims, given, params, signer};

fn proven(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Value {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let token = token.strip_prefix("Bearer ").unwrap();
    jsonwebtoken::decode::<Value>(token, key, &validation)
        .unwrap()
        .claims
}

async fn signed(with: &[(&str, &str)], given: &Given) -> String {
    let rig = Rig::new(|_| (404, String::new())).await;
    let token = rig
        .authorization(&signer("jwt", with, given))
        .await
        .unwrap();
    assert!(rig.seen().is_empty());
    token
}

#[tokio::test]
async fn each_algorithm_is_proven_by_its_key() {
    let hs = signed(&[("key-secret", "k")], &given(&[("k", "shared")], &[])).await;
    let said = proven(&hs, Algorithm::HS256, &DecodingKey::from_secret(b"shared"));
    assert_eq!(said, json!({"iat": NOW, "exp": NOW + 3600}));
    let public = rsa::RsaPrivateKey::from_pkcs8_pem(&RSA)
        .unwrap()
        .to_public_key();
    let public = public.to_public_key_pem(LineEnding::LF).unwrap();
    // Line ends as they stand in environment variables.
    let escaped = RSA.replace('\n', "\\n");
    let rs = signed(
        &[("alg", "RS256"), ("key-secret", "k")],
        &given(&[("k", &escaped)], &[]),
    )
    .await;
    proven(
        &rs,
        Algorithm::RS256,
        &DecodingKey::from_rsa_pem(public.as_bytes()).unwrap(),
    );
    let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let (own, public) = (
        key.to_pkcs8_pem(LineEnding::LF).unwrap(),
        key.public_key().to_public_key_pem(LineEnding::LF).unwrap(),
    );
    let es = signed(
        &[("alg", "ES256"), ("key-secret", "k")],
        &given(&[("k", &own)], &[]),
    )
    .await;
    proven(
        &es,
        Algorithm::ES256,
        &DecodingKey::from_ec_pem(public.as_bytes()).unwrap(),
    );
}

#[tokio::test]
async fn claims_are_filled_in() {
    let secrets = given(&[("k", "shared"), ("id", "user-1")], &[]);
    let with = [
        ("key-secret", "k"),
        ("id-secret", "id"),
        ("ttl-seconds", "60"),
        ("kid", "{id}.key"),
        (
            "claims",
            r#"{"api_key":"{id}","exp":"{exp_ms}","timestamp":"{now_ms}","nbf":"{now}","aud":["a"]}"#,
        ),
    ];
    let token = signed(&with, &secrets).await;
    assert_eq!(
        claims(&token),
        json!({
            "iat": NOW, "exp": (NOW + 60) * 1000, "api_key": "user-1", "timestamp": NOW * 1000, "nbf": NOW, "aud": ["a"],
        })
    );
    let header = jsonwebtoken::decode_header(token.strip_prefix("Bearer ").unwrap()).unwrap();
    assert_eq!(header.kid.as_deref(), Some("user-1.key"));
    let plain = signed(&with[..2], &secrets).await;
    assert_eq!(claims(&plain)["iss"], "user-1");
}

#[tokio::test]
async fn a_token_is_kept_for_most_of_its_life() {
    let rig = Rig::new(|_| (404, String::new())).await;
    let signer = signer(
        "jwt",
        &[("key-secret", "k"), ("ttl-seconds", "60")],
        &given(&[("k", "shared")], &[]),
    );
    let first = rig.authorization(&signer).await.unwrap();
    rig.clock.pass(44);
    assert_eq!(rig.authorization(&signer).await.unwrap(), first);
    rig.clock.pass(15);
    assert_ne!(rig.authorization(&signer).await.unwrap(), first);
}

#[test]
fn what_cannot_be_signed_is_said_without_the_key() {
    let secrets = given(&[("k", "not a pem key")], &[]);
    for (with, kind) in [
        (vec![], Kind::Missing),
        (
            vec![("key-secret", "k"), ("alg", "none")],
            Kind::Unsupported,
        ),
        (vec![("key-secret", "k"), ("alg", "RS256")], Kind::Missing),
        (vec![("key-secret", "k"), ("alg", "ES256")], Kind::Missing),
        (
            vec![("key-secret", "k"), ("ttl-seconds", "0")],
            Kind::Unsupported,
        ),
        (
            vec![("key-secret", "k"), ("claims", "[]")],
            Kind::Unsupported,
        ),
        (
            vec![("key-secret", "k"), ("id-secret", "nobody")],
            Kind::Missing,
        ),
    ] {
        let error = Signer::new("jwt", &params(&with), &secrets).unwrap_err();
        assert_eq!(error.kind, kind, "{with:?}: {error}");
        assert!(!error.message.contains("not a pem key"));
    }
}
