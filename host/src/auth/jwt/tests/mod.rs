//! Tokens of an identity provider, proven and refused.

mod id_token;
mod parties;
mod rig;

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use tokio::time::advance;

use super::jwks::{RETRY_EVERY, UNKNOWN_KEY_EVERY};
use super::*;
use crate::auth::{Caller, RouteRules};
use rig::*;

#[tokio::test]
async fn tokens_of_every_kind_of_key_are_proven() {
    let world = by_user();
    for token in [
        sign(Algorithm::ES256, "ec", &ec(), &claims()),
        sign(Algorithm::EdDSA, "ed", &ed(), &claims()),
        sign(Algorithm::RS256, "rsa", &rsa(), &claims()),
    ] {
        assert!(looks_like_token(&token));
        let grant = world.prove(&token).await.unwrap();
        assert_eq!(&*grant.user.as_ref().unwrap().id, "u1");
        assert_eq!(
            (grant.role, grant.key.is_none()),
            (Role::InternalUser, true)
        );
    }
    assert_eq!(world.provider.asked(), 1, "one fetch for all of them");
}

#[tokio::test]
async fn no_algorithm_but_the_keys_own_is_taken() {
    let world = by_user();
    let wrong = "algorithm is not one that";
    // A symmetric signature, made with the public document's text, under each key.
    for id in ["ec", "rsa", "ed"] {
        let secret = EncodingKey::from_secret(b"c2VjcmV0LXRoYXQtaXMtcHVibGlj");
        let forged = sign(Algorithm::HS256, id, &secret, &claims());
        assert!(world.refusal(&forged).await.contains(wrong), "{id}");
    }
    let forged = sign(
        Algorithm::HS256,
        "oct",
        &EncodingKey::from_secret(b"x"),
        &claims(),
    );
    assert!(
        world
            .refusal(&forged)
            .await
            .contains("no key of the identity provider")
    );
    // The key's document says RS256.
    let other = sign(Algorithm::PS256, "rsa", &rsa(), &claims());
    assert!(world.refusal(&other).await.contains(wrong));
    // {"alg":"none","typ":"JWT","kid":"ec"}
    let head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoiZWMifQ";
    let signed = token(&claims());
    let body = signed.split('.').nth(1).unwrap();
    for unsigned in [format!("{head}.{body}."), format!("{head}.{body}.AAAA")] {
        assert!(world.prove(&unsigned).await.is_err());
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let world = by_user();
    let real = token(&claims());
    let admin = token(&with("scope", json!("litellm_proxy_admin")));
    let (head, _) = real.split_once('.').unwrap();
    let (_, signature) = real.rsplit_once('.').unwrap();
    let body = admin.split('.').nth(1).unwrap();
    let forged = format!("{head}.{body}.{signature}");
    assert!(
        world
            .refusal(&forged)
            .await
            .contains("signature does not hold")
    );
    let stranger = sign(Algorithm::EdDSA, "ec", &ed(), &claims());
    assert!(world.prove(&stranger).await.is_err());
}

#[tokio::test]
async fn time_and_audience_are_checked_with_a_minutes_leeway() {
    let world = by_user();
    for (claims, says) in [
        (with("exp", json!(now() - 61)), "it is expired"),
        (with("exp", json!("tomorrow")), "a claim that must be there"),
        (with("exp", Value::Null), "a claim that must be there"),
        (with("nbf", json!(now() + 70)), "it is not valid yet"),
        (with("aud", json!("another")), "it is for another audience"),
        (with("aud", Value::Null), "a claim that must be there"),
    ] {
        let refused = world.refusal(&token(&claims)).await;
        assert!(refused.contains(says), "{claims}: {refused}");
    }
    for claims in [
        with("exp", json!(now() - 50)),
        with("nbf", json!(now() + 50)),
        with("aud", json!(["another", "gateway"])),
        with("exp", json!(9_999_999_999.5)),
    ] {
        assert!(world.prove(&token(&claims)).await.is_ok(), "{claims}");
    }
}

#[tokio::test]
async fn a_proven_token_ends_with_its_time() {
    let world = by_user();
    let token = token(&claims());
    let at = |seconds: i64| (now() + seconds) * 1_000;
    assert!(world.tokens.prove(&token, &world.keys, at(0)).await.is_ok());
    let proven = world.tokens.remembered(hash_key(&token).as_str(), at(0));
    assert!(proven.is_some());
    let late = world.tokens.remembered(hash_key(&token).as_str(), at(661));
    assert!(late.is_none());
}

#[tokio::test]
async fn the_issuer_is_checked_where_one_is_set() {
    let issuer = Issuer {
        issuer: vec!["https://idp.example".into()],
        ..open_issuer()
    };
    let world = world(json!({"user_id_jwt_field": "sub"}), issuer);
    let own = token(&with("iss", json!("https://idp.example")));
    assert!(world.prove(&own).await.is_ok());
    let other = token(&with("iss", json!("https://evil.example")));
    assert!(world.refusal(&other).await.contains("another issuer"));
    assert!(world.prove(&token(&claims())).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_id_asks_the_provider_at_most_every_half_minute() {
    let world = by_user();
    world.prove(&token(&claims())).await.unwrap();
    let unknown = sign(Algorithm::ES256, "next", &ec(), &claims());
    for _ in 0..20 {
        assert!(world.prove(&unknown).await.is_err());
    }
    assert_eq!(world.provider.asked(), 1);
    advance(UNKNOWN_KEY_EVERY).await;
    let calls = (0..20).map(|_| world.prove(&unknown));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(world.provider.asked(), 2);
    // The provider rotated its keys: the new one is found.
    world
        .provider
        .set_keys(vec![jwk(&ec(), Algorithm::ES256, "next")]);
    advance(UNKNOWN_KEY_EVERY).await;
    assert!(world.prove(&unknown).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_is_a_503_and_old_keys_serve_for_a_while() {
    let world = by_user();
    world.provider.set_down(true);
    let fault = world.prove(&token(&claims())).await.unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Overloaded);
    assert!(fault.message.contains("identity provider's keys"));
    assert_eq!(fault.log.as_deref(), Some("connection refused"));
    assert!(world.prove(&token(&claims())).await.is_err());
    assert_eq!(world.provider.asked(), 1, "it is left alone for a while");
    world.provider.set_down(false);
    advance(RETRY_EVERY).await;
    assert!(world.prove(&token(&claims())).await.is_ok());
    world.provider.set_down(true);
    advance(Duration::from_secs(601)).await;
    assert!(world.prove(&token(&claims())).await.is_ok());
    advance(Duration::from_secs(3_600)).await;
    assert!(world.prove(&token(&claims())).await.is_err());
}

#[tokio::test]
async fn a_provider_that_is_down_leaves_the_tokens_of_others_alone() {
    let mut issuer = open_issuer();
    issuer
        .key_urls
        .insert(0, "https://dead.example/keys".into());
    let world = world(json!({"user_id_jwt_field": "sub"}), issuer);
    assert!(world.prove(&token(&claims())).await.is_ok());
    let unknown = sign(Algorithm::ES256, "next", &ec(), &claims());
    let fault = world.prove(&unknown).await.unwrap_err();
    assert_eq!(fault.kind, ErrorKind::Overloaded, "it may be the other's");
}

#[tokio::test]
async fn the_first_team_that_exists_and_is_not_blocked_is_the_callers() {
    let world = by_user();
    let grant = world
        .prove(&token(&with(
            "groups",
            json!(["no", "blocked", "t2", "t1"]),
        )))
        .await;
    let grant = grant.unwrap();
    assert_eq!(&*grant.team.as_ref().unwrap().id, "t2");
    let caller = Caller::granted(grant);
    let catalog = crate::auth::Catalog::default();
    let chosen = crate::auth::choose_team(&caller, &catalog, "model-of-t1");
    assert_eq!(chosen.team_id(), Some("t1"));
    let none = crate::auth::choose_team(&caller, &catalog, "model-of-t3");
    assert_eq!(none.team_id(), Some("t2"));
    let refused = world
        .refusal(&token(&with("groups", json!(["no", "blocked"]))))
        .await;
    assert!(refused.contains("Team=blocked is blocked"));
    let none = token(&with("groups", json!(["no", "none"])));
    let refused = world.refusal(&none).await;
    assert!(refused.contains("no team that exists") && refused.contains("no, none"));
}

#[tokio::test]
async fn an_unknown_user_is_refused_or_made() {
    let section = |upsert: bool| json!({"user_id_jwt_field": "sub", "user_id_upsert": upsert});
    let new = token(&with("sub", json!("new")));
    let strict = world(section(false), open_issuer());
    assert!(strict.refusal(&new).await.contains("user_id_upsert"));
    let open = world(section(true), open_issuer());
    let grant = open.prove(&new).await.unwrap();
    assert_eq!(&*grant.user.as_ref().unwrap().id, "new");
    let nobody = token(&with("sub", Value::Null));
    assert!(
        open.refusal(&nobody)
            .await
            .contains("neither a user nor a team")
    );
}

#[tokio::test]
async fn a_token_that_is_refused_makes_no_user() {
    let section = json!({
        "user_id_jwt_field": "sub", "team_ids_jwt_field": "groups", "org_id_jwt_field": "org",
        "user_id_upsert": true,
    });
    let world = world(section, open_issuer());
    let who = Identity {
        user_id: Some("new".into()),
        ..Identity::default()
    };
    for (claim, named, why) in [
        ("groups", json!(["nope"]), "no team that exists"),
        ("groups", json!(["blocked"]), "Team=blocked is blocked"),
        ("org", json!("nope"), "doesn't exist"),
    ] {
        let mut claims = with("sub", json!("new"));
        claims["groups"] = json!([]);
        claims[claim] = named;
        let refused = world.refusal(&token(&claims)).await;
        assert!(refused.contains(why), "{refused}");
        let made = world.keys.identity(&who, now() * 1000).await.unwrap();
        assert!(made.is_none(), "{claim}");
    }
    let mut claims = with("sub", json!("new"));
    claims["groups"] = json!(["nope", "t1"]);
    world.prove(&token(&claims)).await.unwrap();
    assert!(
        world
            .keys
            .identity(&who, now() * 1000)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn an_admin_by_scope_manages_and_calls_no_models() {
    let world = by_user();
    let admin = token(&with("scope", json!("openid litellm_proxy_admin")));
    let caller = Caller::granted(world.prove(&admin).await.unwrap());
    assert!(caller.is_admin() && !caller.is_master());
    let rules = RouteRules::default();
    let post = http::Method::POST;
    assert!(rules.permit(&caller, &post, "/key/generate").is_ok());
    assert!(
        rules
            .permit(&caller, &post, "/v1/chat/completions")
            .is_err()
    );
    assert!(rules.permit(&caller, &post, "/global/spend/reset").is_err());
}

#[tokio::test]
async fn a_teams_token_calls_models_and_manages_nothing() {
    let section = json!({"team_id_jwt_field": "azp", "end_user_id_jwt_field": "customer"});
    let world = world(section, open_issuer());
    let mut claims = with("azp", json!("t1"));
    claims["customer"] = "c1".into();
    let grant = world.prove(&token(&claims)).await.unwrap();
    assert_eq!(grant.end_user.as_deref(), Some("c1"));
    let caller = Caller::granted(grant);
    let rules = RouteRules::default();
    let post = http::Method::POST;
    assert!(rules.permit(&caller, &post, "/v1/chat/completions").is_ok());
    assert!(rules.permit(&caller, &post, "/v1/messages").is_ok());
    assert!(rules.permit(&caller, &post, "/key/generate").is_err());
}

#[test]
fn a_key_is_no_token() {
    for key in ["sk-abc", "sk-a.b.c.d", "a.b", "a..c", ".", "a.b.c=", ""] {
        assert!(!looks_like_token(key), "{key}");
    }
}
