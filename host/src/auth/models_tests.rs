//! Who may use which model.

use std::sync::Arc;

use super::grant::{AccessGroup, OrganizationPart};
use super::models::{
    Catalog, CatalogModel, TeamModel, allow_model, visible_groups, visible_models,
};
use super::samples::{key, named, names, team, user};
use super::{Caller, Grant, Role};

fn catalog() -> Catalog {
    let models = [
        ("gpt-4o", &["best"][..]),
        ("gpt-4o-mini", &[]),
        ("openai/*", &["openai-all"]),
        ("claude", &[]),
        ("model_name_t1_9f", &[]),
    ];
    let house = || TeamModel {
        team_id: "t1".into(),
        public_name: "house".into(),
    };
    let models = models.map(|(name, groups)| CatalogModel {
        name: name.into(),
        access_groups: names(groups),
        teams: (name == "model_name_t1_9f")
            .then(house)
            .into_iter()
            .collect(),
        is_open: name != "model_name_t1_9f",
    });
    Catalog::new(models, [("deployment-1".into(), "claude".into())])
}

/// What is routed, or the type of the refusal.
fn asks(grant: &Grant, model: &str) -> Result<String, &'static str> {
    let caller = Caller::granted(Arc::new(grant.clone()));
    let catalog = catalog();
    match allow_model(&caller, &catalog, model) {
        Ok(found) => Ok(found.target.to_owned()),
        Err(fault) => {
            assert_eq!(fault.param.as_deref(), Some("model"));
            assert!(fault.message.contains(model));
            Err(fault.type_name.unwrap_or_default())
        }
    }
}

fn of_key(models: &[&str]) -> Grant {
    let mut grant = Grant::bare(Role::Team);
    grant.key = Some(key(models));
    grant
}

const KEY: Result<String, &str> = Err("key_model_access_denied");
const TEAM: Result<String, &str> = Err("team_model_access_denied");
const USER: Result<String, &str> = Err("user_model_access_denied");
const ORG: Result<String, &str> = Err("org_model_access_denied");

#[test]
fn a_key_without_models_may_use_every_one() {
    for models in [&[][..], &["*"], &["all-proxy-models"]] {
        assert_eq!(asks(&of_key(models), "claude"), Ok("claude".into()));
    }
}

#[test]
fn a_key_may_use_what_its_list_names_or_fits() {
    let grant = of_key(&["gpt-4o", "openai/*", "best"]);
    for model in ["gpt-4o", "openai/o3"] {
        assert_eq!(asks(&grant, model), Ok(model.into()));
    }
    for model in ["gpt-4o-mini", "claude", "openai", "Gpt-4o", ""] {
        assert_eq!(asks(&grant, model), KEY, "{model}");
    }
}

#[test]
fn an_access_group_stands_for_its_models() {
    assert_eq!(asks(&of_key(&["best"]), "gpt-4o"), Ok("gpt-4o".into()));
    assert_eq!(
        asks(&of_key(&["openai-all"]), "openai/o3"),
        Ok("openai/o3".into())
    );
    assert_eq!(asks(&of_key(&["best"]), "claude"), KEY);
    let mut grant = of_key(&[]);
    grant.key.as_mut().unwrap().access_groups = names(&["rows"]);
    grant.access_groups = vec![AccessGroup {
        name: "rows".into(),
        models: names(&["claude"]),
    }];
    assert_eq!(asks(&grant, "claude"), Ok("claude".into()));
    assert_eq!(asks(&grant, "gpt-4o"), KEY);
}

#[test]
fn an_access_group_is_listed_where_one_of_its_models_may_be_used() {
    let listed = |caller: &Caller| -> Vec<String> {
        let groups = visible_groups(caller, &catalog());
        groups.iter().map(|it| it.to_string()).collect()
    };
    assert_eq!(listed(&Caller::MASTER), ["best", "openai-all"]);
    let mut grant = of_key(&["gpt-4o"]);
    assert_eq!(listed(&Caller::granted(Arc::new(grant.clone()))), ["best"]);
    grant.key.as_mut().unwrap().access_groups = names(&["rows"]);
    grant.access_groups = vec![AccessGroup {
        name: "rows".into(),
        models: names(&["claude"]),
    }];
    let caller = Caller::granted(Arc::new(grant));
    assert_eq!(listed(&caller), ["best", "rows"]);
}

#[test]
fn all_team_models_is_what_the_team_has_and_nothing_without_one() {
    let mut grant = of_key(&["all-team-models"]);
    assert_eq!(asks(&grant, "claude"), KEY);
    grant.team = Some(team("t1", &["claude"]));
    assert_eq!(asks(&grant, "claude"), Ok("claude".into()));
    assert_eq!(asks(&grant, "gpt-4o"), TEAM);
    grant.team = Some(team("t1", &["all-team-models"]));
    assert_eq!(asks(&grant, "claude"), TEAM, "a team cannot name itself");
}

#[test]
fn a_key_cannot_reach_beyond_its_team_or_organisation() {
    let mut grant = of_key(&["*"]);
    grant.team = Some(team("t1", &["claude", "gpt-4o"]));
    grant.organization = Some(OrganizationPart {
        id: "o1".into(),
        models: names(&["claude"]),
        ..OrganizationPart::default()
    });
    assert_eq!(asks(&grant, "gpt-4o-mini"), TEAM);
    assert_eq!(asks(&grant, "gpt-4o"), ORG);
    assert_eq!(asks(&grant, "claude"), Ok("claude".into()));
}

#[test]
fn a_users_models_bind_personal_keys_only() {
    let mut grant = of_key(&[]);
    grant.user = Some(user("u1", &["no-default-models"]));
    assert_eq!(asks(&grant, "claude"), USER);
    grant.team = Some(team("t1", &["claude"]));
    assert_eq!(asks(&grant, "claude"), Ok("claude".into()));
}

#[test]
fn an_alias_is_judged_by_what_it_stands_for() {
    let mut grant = of_key(&["smart"]);
    grant.key.as_mut().unwrap().aliases = named(&[("smart", "gpt-4o"), ("sly", "claude")]);
    assert_eq!(asks(&grant, "smart"), Ok("gpt-4o".into()));
    assert_eq!(asks(&grant, "sly"), KEY);
    grant.user = Some(user("u1", &["claude"]));
    assert_eq!(asks(&grant, "smart"), USER);
}

#[test]
fn a_teams_alias_is_the_teams_word() {
    let mut grant = of_key(&[]);
    let mut team = team("t1", &["gpt-4o-mini"]);
    team.aliases = named(&[("fast", "gpt-4o")]);
    grant.team = Some(team);
    assert_eq!(asks(&grant, "fast"), Ok("gpt-4o".into()));
    assert_eq!(asks(&grant, "gpt-4o"), TEAM);
}

#[test]
fn a_teams_own_model_has_its_public_name_and_no_other_team_reaches_it() {
    let mut grant = of_key(&[]);
    grant.team = Some(team("t1", &["gpt-4o"]));
    assert_eq!(asks(&grant, "house"), Ok("model_name_t1_9f".into()));
    grant.team = Some(team("t2", &[]));
    assert_eq!(asks(&grant, "house"), Ok("house".into()), "an unknown name");
    assert_eq!(asks(&grant, "model_name_t1_9f"), KEY);
}

#[test]
fn a_model_group_of_two_teams_is_theirs_and_one_with_an_open_deployment_everybodys() {
    let of = |team: &str| TeamModel {
        team_id: team.into(),
        public_name: "m".into(),
    };
    let mut model = CatalogModel {
        name: "m".into(),
        access_groups: Vec::new(),
        teams: vec![of("t1"), of("t2")],
        is_open: false,
    };
    let may = |model: &CatalogModel, of_team: Option<&str>| {
        let mut grant = of_key(&[]);
        grant.team = of_team.map(|it| team(it, &[]));
        let caller = Caller::granted(Arc::new(grant));
        let catalog = Catalog::new([model.clone()], []);
        let visible = visible_models(&caller, &catalog).len() == 1;
        let may = allow_model(&caller, &catalog, "m").is_ok();
        assert_eq!(may, visible, "{of_team:?}");
        may
    };
    let callers = [Some("t1"), Some("t2"), Some("t3"), None];
    assert_eq!(
        callers.map(|it| may(&model, it)),
        [true, true, false, false]
    );
    model.is_open = true;
    assert_eq!(callers.map(|it| may(&model, it)), [true; 4]);
}

#[test]
fn a_deployments_id_is_judged_as_its_group() {
    assert_eq!(asks(&of_key(&["gpt-4o"]), "deployment-1"), KEY);
    assert_eq!(
        asks(&of_key(&["claude"]), "deployment-1"),
        Ok("deployment-1".into())
    );
}

#[test]
fn the_refusal_says_the_cure() {
    let caller = Caller::granted(Arc::new(of_key(&["gpt-4o"])));
    let catalog = catalog();
    let fault = allow_model(&caller, &catalog, "claude").unwrap_err();
    assert_eq!(
        fault.message,
        "key not allowed to access model. This key can only access models=['gpt-4o']. Tried to \
         access claude; add it to the key's `models` by `/key/update`"
    );
}

#[test]
fn the_list_shows_what_may_be_asked_for() {
    let shown = |grant: Grant| {
        let caller = Caller::granted(Arc::new(grant));
        visible_models(&caller, &catalog()).join(" ")
    };
    let mut grant = of_key(&["gpt-4o", "openai/*", "smart"]);
    grant.key.as_mut().unwrap().aliases = named(&[("smart", "gpt-4o")]);
    assert_eq!(shown(grant), "gpt-4o openai/* smart");
    let mut grant = of_key(&[]);
    grant.team = Some(team("t1", &["claude"]));
    assert_eq!(shown(grant), "claude house");
    assert_eq!(visible_models(&Caller::MASTER, &catalog()).len(), 5);
}

proptest::proptest! {
    #[test]
    fn a_model_passes_exactly_if_every_level_lets_it(
        of_key in entries(),
        of_team in proptest::option::of(entries()),
        of_user in proptest::option::of(entries()),
        of_organization in proptest::option::of(entries()),
        model in proptest::sample::select(vec!["gpt-4o", "gpt-4o-mini", "openai/o3", "claude"]),
    ) {
        let mut grant = self::of_key(&of_key);
        grant.team = of_team.as_ref().map(|it| team("t9", it));
        grant.user = of_user.as_ref().map(|it| user("u1", it));
        grant.organization = of_organization.as_ref().map(|it| OrganizationPart {
            models: names(it),
            ..OrganizationPart::default()
        });
        // The user counts where there is no team.
        let of_user = of_user.filter(|_| of_team.is_none());
        let levels = [Some(of_key), of_team, of_user, of_organization];
        let may = levels.iter().flatten().all(|it| it.is_empty() || it.iter().any(|entry| fits(entry, model)));
        proptest::prop_assert_eq!(asks(&grant, model).is_ok(), may);
    }
}

fn entries() -> impl proptest::strategy::Strategy<Value = Vec<&'static str>> {
    let known = vec![
        "gpt-4o",
        "claude",
        "openai/*",
        "*mini",
        "best",
        "no-default-models",
    ];
    proptest::collection::vec(proptest::sample::select(known), 0..4)
}

/// Which models each entry stands for, written out.
fn fits(entry: &str, model: &str) -> bool {
    match entry {
        "openai/*" => model == "openai/o3",
        "*mini" => model == "gpt-4o-mini",
        "best" => model == "gpt-4o",
        _ => entry == model,
    }
}
