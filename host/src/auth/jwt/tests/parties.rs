//! Teams and organisations that a token names by what people call them, or that it makes.

use serde_json::{Value, json};

use super::rig::*;
use crate::auth::jwt::*;
use crate::domain::EntityKind;

fn of(section: &Value) -> World {
    let mut all = json!({"user_id_jwt_field": "sub", "team_ids_jwt_field": "groups"});
    for (name, value) in section.as_object().unwrap() {
        all[name] = value.clone();
    }
    world(all, open_issuer())
}

/// A token that says this too.
fn saying(claims: &Value) -> String {
    let mut all = super::rig::claims();
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    token(&all)
}

async fn team(world: &World, claims: Value) -> String {
    let grant = world.prove(&saying(&claims)).await.unwrap();
    grant
        .team
        .as_ref()
        .map(|it| it.id.to_string())
        .unwrap_or_default()
}

#[tokio::test]
async fn a_team_is_found_by_its_alias_where_no_id_is_named() {
    let world = of(&json!({
        "team_alias_jwt_field": "org.team", "team_id_jwt_field": "team", "team_id_default": "t2"
    }));
    let named = json!({"org": {"team": "Platform"}});
    assert_eq!(team(&world, named).await, "t1");
    // An id goes before, a list of groups comes after, the operator's default last.
    let both = json!({"org": {"team": "Platform"}, "team": "t2"});
    assert_eq!(team(&world, both).await, "t2");
    let groups = json!({"org": {"team": "Platform"}, "groups": ["t2"]});
    assert_eq!(team(&world, groups).await, "t1");
    assert_eq!(team(&world, json!({})).await, "t2");
}

#[tokio::test]
async fn an_alias_of_nobody_or_of_several_is_refused() {
    let world = of(&json!({"team_alias_jwt_field": "team", "org_alias_jwt_field": "org"}));
    for (claims, kind, text) in [
        (
            json!({"team": "Nobody"}),
            ErrorKind::NotFound,
            "Team with alias 'Nobody' doesn't exist",
        ),
        (
            json!({"team": "platform"}),
            ErrorKind::NotFound,
            "/team/new",
        ),
        (
            json!({"team": "Twins"}),
            ErrorKind::InvalidRequest,
            "team_id_jwt_field",
        ),
        (
            json!({"team": "Shut"}),
            ErrorKind::Permission,
            "Team=blocked is blocked",
        ),
        (
            json!({"org": "Nobody"}),
            ErrorKind::NotFound,
            "Organization with alias 'Nobody'",
        ),
        (
            json!({"org": "Twins"}),
            ErrorKind::InvalidRequest,
            "org_id_jwt_field",
        ),
    ] {
        let fault = world.prove(&saying(&claims)).await.unwrap_err();
        let message = &fault.message;
        assert!(message.contains(text), "{claims}: {message}");
        assert!(
            fault.kind == kind || text.contains("blocked"),
            "{claims}: {:?}",
            fault.kind
        );
    }
    let known = json!({"team": "Platform", "org": "Acme"});
    assert_eq!(team(&world, known).await, "t1");
}

#[tokio::test]
async fn a_team_found_by_its_alias_is_of_the_tokens_organization() {
    let section = json!({
        "team_alias_jwt_field": "team", "org_id_jwt_field": "org_id",
        "org_alias_jwt_field": "org",
    });
    let world = of(&section);
    for claims in [
        json!({"team": "Elsewhere", "org_id": "o1"}),
        json!({"team": "Elsewhere", "org": "Acme"}),
    ] {
        let fault = world.prove(&saying(&claims)).await.unwrap_err();
        assert_eq!(fault.kind, ErrorKind::Permission);
        let message = &fault.message;
        assert!(
            message.contains("'Elsewhere' is of another organization"),
            "{message}"
        );
    }
    let own = json!({"team": "Platform", "org": "Acme"});
    assert_eq!(team(&world, own).await, "t1");
    assert_eq!(team(&world, json!({"team": "Elsewhere"})).await, "t2");
}

#[tokio::test]
async fn an_admins_aliases_are_not_asked_for() {
    let world = of(&json!({"team_alias_jwt_field": "team", "org_alias_jwt_field": "org"}));
    let admin = json!({"scope": "litellm_proxy_admin", "team": "Nobody", "org": "Nobody"});
    assert!(world.prove(&saying(&admin)).await.is_ok());
}

async fn is_there(world: &World, kind: EntityKind, id: &str) -> bool {
    let id = Some(id.to_owned());
    let who = match kind {
        EntityKind::Team => Identity {
            team_id: id,
            ..Identity::default()
        },
        _ => Identity {
            user_id: id,
            ..Identity::default()
        },
    };
    world
        .keys
        .identity(&who, now() * 1000)
        .await
        .unwrap()
        .is_some()
}

#[tokio::test]
async fn an_unknown_team_is_refused_or_made() {
    let section = |upsert: bool| json!({"team_id_jwt_field": "team", "team_id_upsert": upsert});
    let claims = json!({"team": "new-team"});
    let strict = of(&section(false));
    assert!(
        strict
            .refusal(&saying(&claims))
            .await
            .contains("no team that exists")
    );
    let open = of(&section(true));
    assert_eq!(team(&open, claims.clone()).await, "new-team");
    assert_eq!(team(&open, claims).await, "new-team");
    // A group of the provider is no team of ours.
    let groups = saying(&json!({"groups": ["new-group"]}));
    assert!(open.refusal(&groups).await.contains("no team that exists"));
    let odd = saying(&json!({"team": "a/b"}));
    assert!(open.refusal(&odd).await.contains("may not contain `/`"));
}

#[tokio::test]
async fn a_token_that_is_refused_makes_no_team_and_one_that_is_not_makes_both() {
    let section = json!({
        "team_id_jwt_field": "team", "org_id_jwt_field": "org", "team_id_upsert": true,
    });
    let world = of(&section);
    for (claims, why) in [
        (json!({"team": "new-team", "sub": "new"}), "user_id_upsert"),
        (json!({"team": "new-team", "org": "nope"}), "doesn't exist"),
    ] {
        let refused = world.refusal(&saying(&claims)).await;
        assert!(refused.contains(why), "{refused}");
        assert!(!is_there(&world, EntityKind::Team, "new-team").await);
    }
    let mut both = section;
    both["user_id_upsert"] = true.into();
    let world = of(&both);
    let claims = json!({"team": "new-team", "sub": "new"});
    assert_eq!(team(&world, claims).await, "new-team");
    assert!(is_there(&world, EntityKind::User, "new").await);
}
