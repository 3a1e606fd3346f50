//! ID tokens: whose they are, for whom, and for which sign-in.

use super::*;
use crate::auth::jwt::IdTokens;

const ISSUER: &str = "https://idp.example";

fn said() -> Value {
    json!({"iss": ISSUER, "aud": "gateway", "sub": "u1", "nonce": "n1", "exp": now() + 60})
}

fn but(name: &str, value: Value) -> Value {
    let mut claims = said();
    claims[name] = value;
    claims
}

async fn proven(issuer: &str, token: &str) -> Result<Value, String> {
    let fetch: Arc<dyn Fetch> = world(json!({}), open_issuer()).provider;
    let tokens = IdTokens::new("https://idp.example/keys", issuer, "gateway", &fetch);
    tokens.prove(token, "n1").await
}

#[tokio::test]
async fn an_id_token_of_this_sign_in_is_believed() {
    for claims in [
        said(),
        but("azp", json!("gateway")),
        json!({"iss": ISSUER, "aud": ["gateway", "other"], "azp": "gateway", "sub": "u1",
            "nonce": "n1", "exp": now() + 60}),
    ] {
        let claims = proven(ISSUER, &token(&claims)).await.unwrap();
        assert_eq!(claims["sub"], "u1");
    }
}

#[tokio::test]
async fn every_other_one_is_refused_with_the_reason() {
    for (claims, why) in [
        (but("nonce", json!("n2")), "another sign-in"),
        (but("nonce", json!(null)), "another sign-in"),
        (but("aud", json!("another")), "another audience"),
        (but("aud", json!(["gateway", "other"])), "another client"),
        (but("azp", json!("other")), "another client"),
        (but("iss", json!("https://evil.example")), "another issuer"),
        (but("exp", json!(now() - 3_600)), "expired"),
    ] {
        let refused = proven(ISSUER, &token(&claims)).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let (head, rest) = token(&said())
        .split_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let signature = rest.split('.').nth(1).unwrap();
    let forged = token(&but("sub", json!("root")));
    let body = forged.split('.').nth(1).unwrap();
    let refused = proven(ISSUER, &format!("{head}.{body}.{signature}")).await;
    assert!(refused.unwrap_err().contains("signature"));
}

#[tokio::test]
async fn an_issuer_of_many_tenants_is_each_tenants_own() {
    let many = "https://login.example/{tenantid}/v2.0";
    let of = |tenant: &str, issuer: &str| {
        let mut claims = but("tid", json!(tenant));
        claims["iss"] = json!(issuer);
        token(&claims)
    };
    assert!(
        proven(many, &of("t1", "https://login.example/t1/v2.0"))
            .await
            .is_ok()
    );
    for issuer in [
        "https://login.example/t2/v2.0",
        "https://evil.example/t1/v2.0",
    ] {
        let refused = proven(many, &of("t1", issuer)).await.unwrap_err();
        assert!(refused.contains("another issuer"), "{refused}");
    }
    assert!(
        proven(many, &token(&said())).await.is_err(),
        "it names no tenant"
    );
}
