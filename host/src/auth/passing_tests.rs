use std::sync::Arc;

use serde_json::json;

use super::samples::{grant_of, key, named, names, team};
use super::*;
use crate::domain::Fault;

fn catalog() -> Catalog {
    let model = |name: &str| CatalogModel {
        name: name.into(),
        access_groups: Vec::new(),
        teams: Vec::new(),
        is_open: true,
    };
    Catalog::new([model("claude"), model("gpt"), model("cheap")], [])
}

fn holder(key: KeyPart) -> Caller {
    let mut grant = grant_of(Role::Team);
    grant.key = Some(key);
    Caller::granted(Arc::new(grant))
}

/// What the caller's request to `/anthropic` counts as, of a model for which `claude` stands.
fn passed(caller: &Caller, models: &[&str]) -> Result<Option<String>, Fault> {
    let groups = |model: &str| match model {
        "claude-sonnet" => vec!["claude".to_owned()],
        _ => Vec::new(),
    };
    let models: Vec<_> = models
        .iter()
        .map(|it| ((*it).to_owned(), groups(it)))
        .collect();
    let passing = Passing {
        path: "/anthropic/v1/%6dessages",
        plain: "/anthropic/v1/messages",
        provider: Some("anthropic"),
        models: &models,
    };
    allow_passing(caller, &catalog(), passing)
}

#[test]
fn a_model_counts_as_the_group_that_stands_for_it() {
    let limited = holder(key(&["claude"]));
    assert_eq!(
        passed(&limited, &["claude-sonnet"]).unwrap().as_deref(),
        Some("claude")
    );
    let open = holder(key(&[]));
    assert_eq!(
        passed(&open, &["claude-sonnet"]).unwrap().as_deref(),
        Some("claude")
    );
    let other = passed(&open, &["claude-opus"]).unwrap();
    assert_eq!(other.as_deref(), Some("anthropic/claude-opus"));
}

#[test]
fn a_model_outside_the_keys_list_is_refused_wherever_it_is_named() {
    let limited = holder(key(&["claude"]));
    for models in [&["claude-opus"][..], &["claude-sonnet", "claude-opus"]] {
        let fault = passed(&limited, models).unwrap_err();
        assert_eq!(
            fault.type_name,
            Some("key_model_access_denied"),
            "{models:?}"
        );
    }
    let by_name = holder(key(&["claude-opus"]));
    assert_eq!(
        passed(&by_name, &["claude-opus"]).unwrap().as_deref(),
        Some("claude-opus")
    );
    let by_wildcard = holder(key(&["anthropic/*"]));
    assert!(passed(&by_wildcard, &["claude-opus"]).is_ok());
}

#[test]
fn a_team_limits_its_keys_here_too() {
    let mut grant = grant_of(Role::Team);
    grant.key = Some(key(&[]));
    grant.team = Some(team("t", &["gpt"]));
    let caller = Caller::granted(Arc::new(grant));
    let fault = passed(&caller, &["claude-sonnet"]).unwrap_err();
    assert_eq!(fault.type_name, Some("team_model_access_denied"));
}

#[test]
fn a_customers_list_holds_for_every_model_that_is_named() {
    let may = |list: &[&str], models: &[(&str, &[&str])]| {
        let customer = Payer {
            models: names(list),
            ..Payer::default()
        };
        let owned = |it: &&str| (*it).to_owned();
        let models: Vec<_> = models
            .iter()
            .map(|(model, groups)| ((*model).to_owned(), groups.iter().map(owned).collect()))
            .collect();
        let passing = Passing {
            path: "/anthropic/v1/messages",
            plain: "/anthropic/v1/messages",
            provider: Some("anthropic"),
            models: &models,
        };
        let said = allow_passing_for(&customer, &catalog(), passing);
        if let Err(fault) = &said {
            assert_eq!(fault.type_name, Some("customer_model_access_denied"));
            assert_eq!(fault.param.as_deref(), Some("model"));
        }
        said.is_ok()
    };
    let sonnet = ("claude-sonnet", &["claude"][..]);
    let opus = ("claude-opus", &[][..]);
    for list in [&["claude"][..], &["claude-sonnet"], &["anthropic/*"], &[]] {
        assert!(may(list, &[sonnet]), "{list:?}");
    }
    assert!(!may(&["gpt"], &[sonnet]) && !may(&["claude"], &[sonnet, opus]));
    assert!(may(&["claude", "claude-opus"], &[sonnet, opus]));
    // What names no model is for those who may ask for all of the provider's.
    for (list, may_any) in [
        (&[][..], true),
        (&["anthropic/*"], true),
        (&["all-proxy-models"], true),
        (&["claude"], false),
        (&["openai/*"], false),
    ] {
        assert_eq!(may(list, &[]), may_any, "{list:?}");
    }
}

#[test]
fn an_alias_is_no_name_of_the_providers() {
    let mut part = key(&["cheap"]);
    part.aliases = named(&[("claude-opus", "cheap")]);
    let fault = passed(&holder(part), &["claude-opus"]).unwrap_err();
    assert!(fault.message.contains("alias"), "{}", fault.message);
}

#[test]
fn what_names_no_model_is_for_keys_without_a_list_or_with_the_route() {
    assert_eq!(passed(&holder(key(&[])), &[]).unwrap(), None);
    assert!(passed(&holder(key(&["anthropic/*"])), &[]).is_ok());
    let fault = passed(&holder(key(&["claude"])), &[]).unwrap_err();
    assert!(
        fault.message.contains("allowed_passthrough_routes"),
        "{}",
        fault.message
    );
    // What its holder may write of it gives nothing.
    let mut part = key(&["claude"]);
    part.allowed_routes = names(&["/anthropic/*"]);
    assert!(passed(&holder(part), &[]).is_err());
    for (route, given) in [
        ("/anthropic", true),
        ("/anthropic/", true),
        ("/anth", false),
    ] {
        let mut part = key(&["claude"]);
        part.metadata = json!({"allowed_passthrough_routes": [route]})
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(passed(&holder(part), &[]).is_ok(), given, "{route}");
    }
}

#[test]
fn a_route_that_is_denied_is_closed_whatever_else_is_given() {
    for (route, denied) in [
        ("/anthropic", true),
        ("/anthropic/*", true),
        ("/anthropic/v1/messages", true),
        ("/anthropic/v1/messages/batches", false),
        ("/anth", false),
        ("/openai/*", false),
    ] {
        let mut part = key(&[]);
        let lists = json!({"allowed_passthrough_routes": ["/anthropic"],
            "denied_passthrough_routes": [route]});
        part.metadata = lists.as_object().unwrap().clone();
        let answer = passed(&holder(part.clone()), &["claude"]);
        assert_eq!(answer.is_err(), denied, "{route}");
        if let Err(fault) = answer {
            let text = format!("Matched `{route}` in `denied_passthrough_routes`");
            assert!(fault.message.contains(&text), "{}", fault.message);
        }
        let mut grant = grant_of(Role::Team);
        let mut of_team = team("t", &[]);
        of_team.metadata = std::mem::take(&mut part.metadata);
        (grant.key, grant.team) = (Some(part), Some(of_team));
        let answer = passed(&Caller::granted(Arc::new(grant)), &["claude"]);
        assert_eq!(answer.is_err(), denied, "{route} of the team");
    }
}
