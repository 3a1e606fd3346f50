//! Every role on every route.

use http::Method;
use proptest::prelude::*;

use super::class::{ASK, DELETE, GET, PATCH, POST, PUT};
use super::*;
use crate::auth::samples::{grant_of, holder};

/// Who passes which gate: R reads only, X all, - none. Written by hand, not derived.
#[rustfmt::skip]
const WHO: &[(Role, &str)] = &[
    // Public, Llm, Info, Own, TeamAdmin, OrgAdmin, Admin, Master
    (Role::ProxyAdmin,         "XXXXXXX-"),
    (Role::ProxyAdminViewer,   "XXXRRRR-"),
    (Role::OrgAdmin,           "XXXXXX--"),
    (Role::InternalUser,       "XXXXX---"),
    (Role::InternalUserViewer, "XXXR----"),
    (Role::Team,               "XXX-----"),
    (Role::Customer,           "XX------"),
];

fn expected(role: Role, gate: Gate, reads: bool) -> bool {
    let (_, who) = WHO.iter().find(|(it, _)| *it == role).unwrap();
    let at = Gate::ALL.iter().position(|it| *it == gate).unwrap();
    match who.as_bytes()[at] {
        b'X' => true,
        b'R' => reads,
        _ => false,
    }
}

fn methods(set: u8) -> Vec<Method> {
    let known = [
        (GET, Method::GET),
        (POST | ASK, Method::POST),
        (PUT, Method::PUT),
        (PATCH, Method::PATCH),
        (DELETE, Method::DELETE),
    ];
    let of_set = known.into_iter().filter(|(bits, _)| set & bits != 0);
    of_set.map(|(_, method)| method).collect()
}

/// A path that fits: places are filled.
fn filled(path: &str) -> String {
    let mut text = String::new();
    for (at, piece) in path.split(['{', '}']).enumerate() {
        text.push_str(if at % 2 == 0 { piece } else { "zz9" });
    }
    text
}

#[test]
fn every_role_gets_exactly_its_routes() {
    let rules = RouteRules::default();
    let mut asked = 0;
    for (path, row) in rows() {
        for method in methods(row.methods) {
            let reads = method == Method::GET || row.methods & ASK != 0;
            for role in Role::ALL {
                let judged = rules.permit(&holder(role), &method, &filled(&path));
                let may = expected(role, row.gate, reads);
                assert_eq!(judged.is_ok(), may, "{role} {method} {path}");
                asked += 1;
            }
            for operator in [Caller::MASTER, Caller::LOCAL] {
                assert!(rules.permit(&operator, &method, &filled(&path)).is_ok());
            }
        }
    }
    assert!(asked > 2_000, "{asked}");
}

#[test]
fn each_path_has_one_class() {
    for (path, row) in rows() {
        for method in methods(row.methods) {
            let class = class_of(&method, &filled(&path)).unwrap();
            assert_eq!(
                (class.area, class.gate),
                (row.area, row.gate),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn well_known_routes_have_the_class_that_litellm_gives_them() {
    for (method, path, gate) in [
        (Method::POST, "/v1/chat/completions", Gate::Llm),
        (
            Method::POST,
            "/openai/deployments/groq/llama-3/chat/completions",
            Gate::Llm,
        ),
        (Method::POST, "/engines/gpt-4o/embeddings", Gate::Llm),
        (
            Method::POST,
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
            Gate::Llm,
        ),
        (Method::POST, "/openai/v1/chat/completions", Gate::Llm),
        (Method::GET, "/v1/models/openai/gpt-4o", Gate::Llm),
        (Method::GET, "/v2/model/info", Gate::Info),
        (Method::GET, "/key/info", Gate::Info),
        (Method::POST, "/key/generate", Gate::Own),
        (Method::POST, "/key/sk-1/regenerate", Gate::Own),
        (Method::POST, "/key/block", Gate::Admin),
        (Method::POST, "/user/new", Gate::OrgAdmin),
        (Method::POST, "/team/member_add", Gate::TeamAdmin),
        (Method::POST, "/organization/new", Gate::Admin),
        (Method::POST, "/budget/new", Gate::Admin),
        (Method::GET, "/user/daily/activity", Gate::Own),
        (Method::GET, "/global/spend/report", Gate::Admin),
        (Method::POST, "/global/spend/reset", Gate::Master),
        (Method::GET, "/health/liveliness", Gate::Public),
        (Method::GET, "/health/readiness/details", Gate::Info),
    ] {
        let class = class_of(&method, path).map(|class| class.gate);
        assert_eq!(class, Some(gate), "{method} {path}");
    }
}

#[test]
fn what_the_table_does_not_know_is_closed() {
    let rules = RouteRules::default();
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::DELETE, "/v1/chat/completions"),
        (Method::POST, "/key/list"),
        (Method::TRACE, "/v1/models"),
        (Method::POST, "/key/generate/"),
        (Method::POST, "//key/generate"),
        (Method::POST, "/key/%67enerate"),
        (Method::POST, "/KEY/GENERATE"),
        (Method::GET, ""),
    ] {
        assert_eq!(class_of(&method, path), None, "{method} {path}");
        assert!(!rules.is_public(&method, path));
        for role in Role::ALL {
            let judged = rules.permit(&holder(role), &method, path);
            assert_eq!(judged.is_ok(), role == Role::ProxyAdmin, "{role} {path}");
        }
    }
}

/// Whether a key of an admin, with these limits of its own, may call a route.
fn key_may(key_type: KeyType, allowed: &[&str], method: Method, path: &str) -> bool {
    let mut grant = grant_of(Role::ProxyAdmin);
    let key = grant.key.as_mut().unwrap();
    key.key_type = key_type;
    key.allowed_routes = allowed.iter().map(|&it| it.into()).collect();
    let caller = Caller::granted(Arc::new(grant));
    RouteRules::default().permit(&caller, &method, path).is_ok()
}

#[test]
fn a_keys_type_narrows_it() {
    let routes = [
        (Method::POST, "/v1/chat/completions"),
        (Method::POST, "/key/generate"),
        (Method::GET, "/key/info"),
        (Method::GET, "/model/info"),
        (Method::GET, "/global/spend"),
    ];
    for (key_type, may) in [
        (KeyType::Default, [true, true, true, true, true]),
        (KeyType::LlmApi, [true, false, false, true, false]),
        (KeyType::Management, [false, true, true, true, false]),
        (KeyType::ReadOnly, [false, false, true, true, false]),
    ] {
        for ((method, path), may) in routes.iter().zip(may) {
            let judged = key_may(key_type, &[], method.clone(), path);
            assert_eq!(judged, may, "{key_type:?} {path}");
        }
    }
}

#[test]
fn allowed_routes_are_paths_wildcards_patterns_and_groups() {
    let may = |list: &[&str], path: &str| key_may(KeyType::Default, list, Method::POST, path);
    assert!(may(&["/v1/chat/completions"], "/v1/chat/completions"));
    assert!(!may(&["/v1/chat/completions"], "/chat/completions"));
    assert!(may(&["/v1/*"], "/v1/embeddings") && !may(&["/v1/*"], "/key/generate"));
    assert!(may(&["/key/{key}/regenerate"], "/key/abc/regenerate"));
    for path in [
        "/chat/completions",
        "/v1/messages",
        "/bedrock/model/x",
        "/v1/responses",
    ] {
        assert!(may(&["llm_api_routes"], path), "{path}");
    }
    assert!(may(&["openai_routes"], "/v1/embeddings"));
    assert!(!may(&["openai_routes"], "/v1/messages"));
    assert!(may(&["management_routes"], "/team/new"));
    assert!(!may(
        &["management_routes", "info_routes"],
        "/v1/embeddings"
    ));
    assert!(!may(&["no_such_routes"], "/v1/embeddings"));
    assert_eq!(RouteList::parse(["/a", "nope"]), Err("nope".to_owned()));
}

#[test]
fn a_permission_opens_the_spend_of_all_and_nothing_else() {
    let rules = RouteRules::default();
    let may = |said: serde_json::Value, method: Method, path: &str| {
        let mut grant = grant_of(Role::Team);
        let permissions = &mut grant.key.as_mut().unwrap().permissions;
        permissions.insert("get_spend_routes".to_owned(), said);
        let caller = Caller::granted(Arc::new(grant));
        rules.permit(&caller, &method, path).is_ok()
    };
    for path in [
        "/global/spend",
        "/global/spend/report",
        "/global/spend/teams",
    ] {
        assert!(may(true.into(), Method::GET, path), "{path}");
        assert!(!may(false.into(), Method::GET, path), "{path}");
    }
    assert!(may(true.into(), Method::POST, "/global/spend/end_users"));
    for (method, path) in [
        (Method::POST, "/global/spend/reset"),
        (Method::POST, "/global/spend/refresh"),
        (Method::GET, "/global/activity"),
        (Method::GET, "/spend/keys"),
        (Method::POST, "/key/generate"),
    ] {
        assert!(!may(true.into(), method, path), "{path}");
    }
}

#[test]
fn allowed_routes_give_nothing_that_the_role_has_not() {
    let mut grant = grant_of(Role::InternalUser);
    let key = grant.key.as_mut().unwrap();
    key.allowed_routes = vec!["/*".into(), "management_routes".into(), "/key/block".into()];
    let caller = Caller::granted(Arc::new(grant));
    let rules = RouteRules::default();
    assert!(rules.permit(&caller, &Method::POST, "/key/block").is_err());
    assert!(
        rules
            .permit(&caller, &Method::POST, "/key/generate")
            .is_ok()
    );
}

#[test]
fn the_operator_closes_opens_and_keeps_routes_for_admins() {
    let list = |entries: &[&str]| RouteList::parse(entries.iter().copied()).unwrap();
    let rules = RouteRules {
        admin_only: list(&["/key/generate"]),
        public: list(&[
            "LiteLLMRoutes.public_routes",
            "/spend/calculate",
            "/team/new",
        ]),
        allowed: list(&["llm_api_routes", "/key/generate", "/spend/calculate"]),
        pass_through: list(&["/mine/{*rest}"]),
        open: list(&["/hook", "/v1/{*rest}"]),
        public_metrics: false,
    };
    let may = |role, method, path| rules.permit(&holder(role), &method, path).is_ok();
    assert!(may(Role::ProxyAdmin, Method::POST, "/key/generate"));
    assert!(!may(Role::InternalUser, Method::POST, "/key/generate"));
    assert!(
        !may(Role::ProxyAdmin, Method::POST, "/team/new"),
        "not served"
    );
    assert!(rules.is_public(&Method::POST, "/spend/calculate"));
    assert!(
        !rules.is_public(&Method::POST, "/team/new"),
        "a change is never public"
    );
    assert!(rules.is_public(&Method::GET, "/health/liveliness"));
    assert!(!rules.is_public(&Method::GET, "/ui/"), "not served");
    assert!(!rules.is_public(&Method::POST, "/hook"), "not served");
    let rules = RouteRules {
        allowed: RouteList::default(),
        ..rules
    };
    assert!(rules.is_public(&Method::POST, "/hook") && rules.is_public(&Method::GET, "/v1/hook"));
    assert!(
        !rules.is_public(&Method::POST, "/v1/chat/completions"),
        "an endpoint opens no route of the gateway"
    );
    assert!(
        rules
            .permit(&holder(Role::Team), &Method::POST, "/mine/x")
            .is_ok()
    );
    assert!(
        rules
            .permit(&holder(Role::Team), &Method::POST, "/mine")
            .is_err()
    );
}

#[test]
fn the_refusal_names_route_and_role() {
    let rules = RouteRules::default();
    let refused = |role| {
        let judged = rules.permit(&holder(role), &Method::POST, "/team/new");
        judged.unwrap_err().message
    };
    assert!(refused(Role::Team).ends_with("Route=/team/new. Your role=unknown"));
    assert!(refused(Role::InternalUser).ends_with("Your role=internal_user"));
    assert!(refused(Role::Team).contains("Only proxy admin can be used to generate, delete"));
}

fn any_path() -> impl Strategy<Value = String> {
    let known: Vec<String> = rows().map(|(path, _)| filled(&path)).collect();
    prop_oneof![
        4 => proptest::sample::select(known.clone()),
        1 => (proptest::sample::select(known), "[a-z/{}*.%:]{0,6}").prop_map(|(a, b)| a + &b),
        1 => "[/a-z_.%{}*:-]{0,40}",
    ]
}

fn any_entry() -> impl Strategy<Value = String> {
    prop_oneof![
        any_path(),
        Just("/*".to_owned()),
        Just("*".to_owned()),
        proptest::sample::select(vec!["llm_api_routes", "management_routes", "info_routes"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn no_route_outside_a_roles_classes_is_ever_allowed(
        role in proptest::sample::select(Role::ALL.to_vec()),
        method in proptest::sample::select(methods(super::class::ANY)),
        path in any_path(),
        key_type in proptest::sample::select(vec![
            KeyType::Default, KeyType::LlmApi, KeyType::Management, KeyType::ReadOnly,
        ]),
        of_key in proptest::collection::vec(any_entry(), 0..4),
        of_operator in proptest::collection::vec(any_entry(), 0..3),
    ) {
        let mut grant = grant_of(role);
        let key = grant.key.as_mut().unwrap();
        key.key_type = key_type;
        key.allowed_routes = of_key.iter().map(|it| it.as_str().into()).collect();
        let caller = Caller::granted(Arc::new(grant));
        let list = RouteList::parse(of_operator.iter().map(String::as_str)).unwrap_or_default();
        let rules = RouteRules { public: list.clone(), admin_only: list, ..RouteRules::default() };
        let class = class_of(&method, &path);
        if rules.permit(&caller, &method, &path).is_ok() {
            let in_class = class.map_or(role == Role::ProxyAdmin, |class| {
                expected(role, class.gate, class.reads)
            });
            prop_assert!(in_class, "{} {} {}", role, method, path);
        }
        // Nothing that the operator opens lets a stranger change what admins keep.
        if let Some(class) = class.filter(|_| rules.is_public(&method, &path)) {
            prop_assert!(class.reads || matches!(class.gate, Gate::Public | Gate::Llm | Gate::Info));
        }
    }
}
