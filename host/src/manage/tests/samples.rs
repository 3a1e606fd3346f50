//! A request for every operation of the table, in an order in which all of them succeed for the
//! operator: what a new operation must bring along to be tested. A table, longer than code may be.

use serde_json::{Value, json};

use super::rig::{Rig, master, member};
use crate::auth::Caller;
use crate::manage::Method::{self, Delete, Get, Patch, Post, Put};
use crate::store::Store;

/// Stands in everything that is not a stranger's to see.
pub(super) const MARK: &str = "zz-mark";
/// What must be in no audit entry.
pub(super) const SECRETS: [&str; 5] = [
    "sk-sample-of-ann-0001",
    "sk-sample-made-0002",
    "provider-secret-0003",
    "correct horse battery",
    "staple correct horse",
];

/// A key whose text is only there to be replaced.
const SPARE: &str = "sk-sample-spare-0001";

/// What a sample does to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Reads,
    /// Every time.
    Changes,
    /// The same request again is refused: what it makes is there, or what it takes away is gone.
    Once,
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub method: Method,
    /// With the parts of the path and the query filled in.
    pub path: String,
    pub body: Value,
    pub does: Does,
    /// The user whose own business it is; None: the operator's.
    pub user: Option<&'static str>,
}

impl Sample {
    pub fn caller(&self) -> Caller {
        self.user.map_or_else(master, member)
    }
}

/// Two organisations with teams and people, and one object of every other kind.
pub(super) struct Sampled {
    pub rig: Rig,
    pub all: Vec<Sample>,
}

impl Sampled {
    /// `boss` administers `o2` and `tess` its team `t3`; everything else is of `o1`, `t1`, `ann`.
    pub async fn new(store: &Store) -> Self {
        let rig = Rig::people(store).await;
        for user in ["boss", "tess"] {
            let body = json!({"user_id": user, "auto_create_key": false});
            rig.ok("/user/new", body).await;
        }
        let seat = json!({"organization_id": "o2", "member":
            {"user_id": "boss", "role": "org_admin"}});
        rig.ok("/organization/member_add", seat).await;
        let seat = json!({"team_id": "t3", "member": {"user_id": "tess", "role": "admin"}});
        rig.ok("/team/member_add", seat).await;
        let mark = json!({"organization_id": "o1", "organization_alias": MARK});
        rig.send(Patch, "/organization/update", &master(), mark)
            .await
            .unwrap();
        let mark = json!({"team_id": "t1", "team_alias": MARK, "models": ["alpha"]});
        rig.ok("/team/update", mark).await;
        rig.ok(
            "/user/update",
            json!({"user_id": "ann", "user_alias": MARK}),
        )
        .await;
        for budget in ["b0", "b1"] {
            let body = json!({"budget_id": budget, "max_budget": 5});
            rig.ok("/budget/new", body).await;
        }
        let spare = json!({"key": SPARE, "user_id": "ann", "team_id": "t1"});
        rig.ok("/key/generate", spare).await;
        rig.ok(
            "/key/generate",
            json!({"key": SECRETS[0], "key_alias": MARK, "user_id": "ann",
            "team_id": "t1", "max_budget": 3, "spend": 2}),
        )
        .await;
        rig.ok("/customer/new", json!({"user_id": "c1", "alias": MARK}))
            .await;
        rig.ok("/tag/new", json!({"name": "tag1", "models": [MARK]}))
            .await;
        rig.ok(
            "/access_group/new",
            json!({"access_group": "g1", "model_names": [MARK]}),
        )
        .await;
        rig.ok(
            "/credentials",
            json!({"credential_name": "cred1", "credential_values":
            {"api_key": SECRETS[2]}, "credential_info": {"for": MARK}}),
        )
        .await;
        rig.ok(
            "/model/new",
            json!({"model_name": MARK, "litellm_params":
            {"model": "openai/m", "api_key": SECRETS[2]}, "model_info":
            {"id": "m1", "team_id": "t1"}}),
        )
        .await;
        rig.ok(
            "/guardrails",
            json!({"guardrail": {"guardrail_id": "gr1", "guardrail_name": MARK, "litellm_params":
            {"guardrail": "lakera", "api_key": SECRETS[2]}}}),
        )
        .await;
        let invited = rig.ok("/invitation/new", json!({"user_id": "ann"})).await;
        let group = rig.see("/v1/access_group").await;
        let group = group[0]["access_group_id"].as_str().unwrap().to_owned();
        let token = crate::auth::hash_key(SECRETS[0]).as_str().to_owned();
        let all = samples(invited["id"].as_str().unwrap(), &group, &token);
        rig.heard();
        Self { rig, all }
    }
}

/// Rows of the table of samples.
struct Rows(Vec<Sample>);

impl Rows {
    fn add(&mut self, does: Does, method: Method, path: impl Into<String>, body: Value) {
        self.0.push(Sample {
            method,
            path: path.into(),
            body,
            does,
            user: None,
        });
    }

    fn reads(&mut self, path: impl Into<String>) {
        self.add(Does::Reads, Get, path, Value::Null);
    }

    fn asks(&mut self, path: &str, body: Value) {
        self.add(Does::Reads, Post, path, body);
    }

    fn changes(&mut self, path: impl Into<String>, body: Value) {
        self.add(Does::Changes, Post, path, body);
    }

    fn once(&mut self, path: impl Into<String>, body: Value) {
        self.add(Does::Once, Post, path, body);
    }
}

#[rustfmt::skip]
fn samples(invitation: &str, group: &str, token: &str) -> Vec<Sample> {
    let mut it = Rows(Vec::new());
    keys(&mut it, token);
    teams(&mut it);
    names(&mut it, group);
    people(&mut it, invitation);
    holders(&mut it, group);
    models(&mut it);
    // What takes things away comes last.
    it.once("/key/delete", json!({"keys": [SECRETS[1]], "key_aliases": ["service"]}));
    it.once("/model/delete", json!({"id": "m1"}));
    it.add(Does::Once, Delete, "/credentials/cred1", Value::Null);
    it.add(Does::Once, Delete, "/guardrails/gr1", Value::Null);
    it.once("/invitation/delete", json!({"invitation_id": invitation}));
    it.add(Does::Once, Delete, "/access_group/g1/delete", Value::Null);
    it.add(Does::Once, Delete, "/v1/access_group/g3", Value::Null);
    it.once("/tag/delete", json!({"name": "tag2"}));
    it.once("/customer/delete", json!({"user_ids": ["c1"]}));
    it.once("/end_user/delete", json!({"user_ids": ["c3"]}));
    it.once("/budget/delete", json!({"id": "b1"}));
    it.once("/team/member_delete", json!({"team_id": "t1", "user_id": "bob"}));
    it.once("/team/delete", json!({"team_ids": ["t2"]}));
    it.add(Does::Once, Delete, "/organization/member_delete",
        json!({"organization_id": "o1", "user_id": "ann"}));
    it.add(Does::Once, Delete, "/organization/delete", json!({"organization_ids": ["o9"]}));
    it.once("/user/delete", json!({"user_ids": ["bob"]}));
    it.0
}

#[rustfmt::skip]
fn keys(it: &mut Rows, token: &str) {
    it.once("/key/generate", json!({"key": SECRETS[1], "key_alias": "made", "user_id": "ann",
        "team_id": "t1", "duration": "30d", "max_budget": 2.5, "soft_budget": 1,
        "budget_duration": "7d", "models": ["alpha"], "rpm_limit": 5, "tpm_limit": 6,
        "max_parallel_requests": 7, "metadata": {"a": 1}, "blocked": false,
        "model_max_budget": {"alpha": {"budget_limit": 1, "time_period": "1d"}},
        "model_rpm_limit": {"alpha": 3}, "aliases": {"a": "b"}, "tags": ["t"],
        "allowed_routes": ["/v1/models"], "key_type": "default", "auto_rotate": true,
        "rotation_interval": "30d", "allowed_ips": ["10.0.0.0/8"], "permissions": {"a": true},
        "budget_limits": [{"budget_duration": "1h", "max_budget": 1}], "spend": 0.5}));
    it.once("/key/service-account/generate", json!({"key_alias": "service", "team_id": "t1",
        "max_budget": 2}));
    it.changes("/key/update", json!({"key": SECRETS[0], "rpm_limit": 9, "max_budget": 4,
        "duration": "10d", "blocked": false, "spend": 1}));
    it.changes("/key/bulk_update", json!({"keys": [{"key": token, "rpm_limit": 8}]}));
    it.changes("/team/key/bulk_update", json!({"team_id": "t1", "key_ids": [token],
        "update_fields": {"rpm_limit": 7}}));
    it.reads(format!("/key/info?key={token}"));
    it.asks("/v2/key/info", json!({"keys": [token]}));
    it.reads("/key/list?team_id=t1&return_full_object=true");
    it.reads("/key/aliases?page=1");
    it.changes("/key/block", json!({"key": token}));
    it.changes("/key/unblock", json!({"key": token}));
    it.changes(format!("/key/{token}/reset_spend"), json!({"reset_to": 0}));
    it.asks("/key/health", Value::Null);
    it.changes("/key/regenerate", json!({"key": SECRETS[1], "new_key": "sk-sample-made-0002-b"}));
    it.changes("/key/sk-sample-made-0002-b/regenerate", json!({"new_key": SECRETS[1],
        "rpm_limit": 3, "grace_period": "1h"}));
}

/// Changes that name what else must be there.
#[rustfmt::skip]
fn names(it: &mut Rows, group: &str) {
    it.once("/key/service-account/generate", json!({"key_alias": "named", "team_id": "t1",
        "organization_id": "o1", "budget_id": "b0", "end_user_budget_id": "b0",
        "access_group_ids": [group]}));
    it.changes("/key/update", json!({"key": SECRETS[0], "user_id": "ann", "team_id": "t1",
        "organization_id": "o1", "budget_id": "b0", "end_user_budget_id": "b0",
        "access_group_ids": [group]}));
    it.once("/key/regenerate", json!({"key": SPARE, "new_key": "sk-sample-other-0002",
        "budget_id": "b0", "end_user_budget_id": "b0", "access_group_ids": [group]}));
    it.changes("/team/update", json!({"team_id": "t1", "organization_id": "o1",
        "access_group_ids": [group]}));
    it.add(Does::Changes, Patch, "/team/t2", json!({"organization_id": "o1",
        "access_group_ids": [group]}));
    it.changes("/user/update", json!({"user_id": "ann", "budget_id": "b0"}));
    it.add(Does::Changes, Patch, "/organization/update", json!({"organization_id": "o1",
        "budget_id": "b0"}));
    it.changes("/customer/update", json!({"user_id": "c1", "budget_id": "b0"}));
    it.changes("/end_user/update", json!({"user_id": "c1", "budget_id": "b1"}));
    it.changes("/end_user/update", json!({"user_id": "c1", "budget_id": null}));
    it.changes("/tag/update", json!({"name": "tag1", "budget_id": "b0"}));
    it.add(Does::Changes, Put, "/access_group/g1/budget", json!({"budget_id": "b0"}));
}

#[rustfmt::skip]
fn teams(it: &mut Rows) {
    it.once("/team/new", json!({"team_id": "t9", "team_alias": "nine", "organization_id": "o1",
        "max_budget": 10, "budget_duration": "30d", "models": ["alpha"], "blocked": false,
        "members_with_roles": [{"role": "user", "user_id": "ann"}], "metadata": {"a": 1},
        "team_member_budget": 2, "team_member_budget_duration": "7d", "rpm_limit": 4,
        "model_aliases": {"a": "b"}, "team_member_permissions": ["/key/info"]}));
    it.changes("/team/update", json!({"team_id": "t1", "max_budget": 11, "spend": 1,
        "metadata": {"b": 2}}));
    it.add(Does::Changes, Patch, "/team/t1", json!({"max_budget": 12, "tpm_limit": 5}));
    it.reads("/team/info?team_id=t1");
    it.reads("/team/list?organization_id=o1");
    it.reads("/v2/team/list?page=1&page_size=5");
    it.reads("/team/filter/ui?team_alias=team");
    it.reads("/team/available");
    it.changes("/team/block", json!({"team_id": "t1"}));
    it.changes("/team/unblock", json!({"team_id": "t1"}));
    it.once("/team/member_add", json!({"team_id": "t2", "member": {"role": "user",
        "user_id": "ann"}, "max_budget_in_team": 3}));
    it.changes("/team/bulk_member_add", json!({"team_id": "t2", "members": [
        {"role": "user", "user_id": "bob"}]}));
    it.changes("/team/member_update", json!({"team_id": "t2", "user_id": "ann", "role": "admin",
        "max_budget_in_team": 4}));
    it.changes("/team/t2/member/ann/reset_spend", json!({"reset_to": 0}));
    it.changes("/team/t2/member/ann/reset_budget", Value::Null);
    it.changes("/team/model/add", json!({"team_id": "t1", "models": ["beta"]}));
    it.once("/team/model/delete", json!({"team_id": "t1", "models": ["beta"]}));
    it.0.push(Sample {
        method: Get,
        path: "/team/t1/members/me".to_owned(),
        body: Value::Null,
        does: Does::Reads,
        user: Some("ann"),
    });
    it.once("/team/t1/callback", json!({"callback_name": "langsmith", "callback_type": "success",
        "callback_vars": {"langsmith_api_key": SECRETS[2], "langsmith_project": MARK}}));
    it.reads("/team/t1/callback");
    it.changes("/team/t1/disable_logging", Value::Null);
    it.once("/team/t1/callback", json!({"callback_name": "langfuse"}));
    it.add(Does::Once, Delete, "/team/t1/callback/langfuse", Value::Null);
    it.reads("/team/permissions_list?team_id=t1");
    it.changes("/team/permissions_update", json!({"team_id": "t1",
        "team_member_permissions": ["/key/generate"]}));
    it.changes("/team/permissions_bulk_update", json!({"permissions": ["/key/list"],
        "team_ids": ["t1"]}));
}

#[rustfmt::skip]
fn people(it: &mut Rows, invitation: &str) {
    it.once("/user/new", json!({"user_id": "new", "user_email": "new@example.com",
        "user_alias": "newcomer", "user_role": "internal_user", "password": SECRETS[3],
        "max_budget": 5, "budget_duration": "1mo", "models": ["alpha"], "metadata": {"a": 1},
        "teams": ["t1"], "organizations": ["o1"], "auto_create_key": true, "rpm_limit": 5,
        "spend": 0.25, "duration": "30d"}));
    it.reads("/user/info?user_id=ann");
    it.reads("/v2/user/info?user_id=ann");
    it.reads("/user/list?page=1&page_size=5");
    it.reads("/user/filter/ui?search=ann");
    it.changes("/user/update", json!({"user_id": "ann", "max_budget": 6, "models": ["alpha"],
        "spend": 1, "metadata": {"c": 3}}));
    it.changes("/user/bulk_update", json!({"users": [{"user_id": "ann", "max_budget": 7}]}));
    it.0.push(Sample {
        method: Post,
        path: "/user/password/change".to_owned(),
        body: json!({"current_password": SECRETS[3], "new_password": SECRETS[4]}),
        does: Does::Once,
        user: Some("new"),
    });
    it.reads("/user/available_roles");
    it.reads("/user/available_users");
    it.once("/organization/new", json!({"organization_id": "o9", "organization_alias": "nine",
        "models": ["alpha"], "max_budget": 100, "budget_duration": "30d", "metadata": {"a": 1}}));
    it.add(Does::Changes, Patch, "/organization/update", json!({"organization_id": "o1",
        "max_budget": 200, "metadata": {"d": 4}, "spend": 1}));
    it.reads("/organization/list?organization_id=o1");
    it.reads("/organization/info?organization_id=o1");
    it.asks("/organization/info", json!({"organizations": ["o1"]}));
    it.once("/organization/member_add", json!({"organization_id": "o1",
        "member": {"role": "internal_user", "user_id": "ann"}, "max_budget_in_organization": 5}));
    it.add(Does::Changes, Patch, "/organization/member_update", json!({"organization_id": "o1",
        "user_id": "ann", "role": "org_admin", "max_budget_in_organization": 6}));
    it.changes("/invitation/new", json!({"user_id": "ann"}));
    it.reads(format!("/invitation/info?invitation_id={invitation}"));
    it.changes("/invitation/update", json!({"invitation_id": invitation, "is_accepted": true}));
}

#[rustfmt::skip]
fn holders(it: &mut Rows, group: &str) {
    for (room, one, two) in [("customer", "c1", "c2"), ("end_user", "c3", "c4")] {
        if room == "end_user" {
            it.once("/end_user/new", json!({"user_id": one}));
        }
        it.once(format!("/{room}/new"), json!({"user_id": two, "alias": "two", "max_budget": 4,
            "budget_duration": "1d", "blocked": false, "spend": 1, "default_model": "alpha",
            "allowed_model_region": "eu"}));
        it.changes(format!("/{room}/update"), json!({"user_id": two, "max_budget": 5, "spend": 2}));
        it.changes(format!("/{room}/block"), json!({"user_ids": [one]}));
        it.changes(format!("/{room}/unblock"), json!({"user_ids": [one]}));
        it.reads(format!("/{room}/info?end_user_id={one}"));
        it.reads(format!("/{room}/list?page=1&page_size=5"));
    }
    it.reads("/v2/customer/list?page=1&page_size=5");
    it.once("/budget/new", json!({"budget_id": "b2", "max_budget": 6, "soft_budget": 5,
        "budget_duration": "1d", "tpm_limit": 5, "model_max_budget": {"alpha": 1},
        "allowed_models": ["alpha"], "budget_reset_at": "2030-01-31T12:00:00Z"}));
    it.changes("/budget/update", json!({"budget_id": "b2", "max_budget": 7}));
    it.asks("/budget/info", json!({"budgets": ["b1"]}));
    it.reads("/budget/list");
    it.reads("/budget/settings?budget_id=b1");
    it.once("/tag/new", json!({"name": "tag2", "description": "two", "models": ["alpha"],
        "max_budget": 3, "budget_duration": "1d"}));
    it.changes("/tag/update", json!({"name": "tag1", "max_budget": 4, "description": "one"}));
    it.asks("/tag/info", json!({"names": ["tag1"]}));
    it.reads("/tag/list");
    it.once("/access_group/new", json!({"access_group": "g2", "model_names": ["alpha"]}));
    it.reads("/access_group/list");
    it.reads("/access_group/g1/info");
    it.add(Does::Changes, Put, "/access_group/g1/update", json!({"model_names": [MARK, "beta"]}));
    it.add(Does::Changes, Put, "/access_group/g1/budget", json!({"max_budget": 4,
        "budget_duration": "1d"}));
    it.reads("/access_group/g1/budget");
    it.add(Does::Changes, Delete, "/access_group/g1/budget", Value::Null);
    it.once("/v1/access_group", json!({"access_group_name": "g3",
        "access_model_names": ["alpha"], "description": "three"}));
    it.reads("/v1/access_group");
    it.reads(format!("/v1/access_group/{group}"));
    it.add(Does::Changes, Put, format!("/v1/access_group/{group}"),
        json!({"access_model_names": [MARK]}));
}

#[rustfmt::skip]
fn models(it: &mut Rows) {
    it.once("/credentials", json!({"credential_name": "cred2", "credential_values":
        {"api_key": SECRETS[2]}, "credential_info": {"a": 1}}));
    it.reads("/credentials");
    it.reads("/credentials/cred1");
    it.reads("/credentials/by_name/cred1");
    it.reads("/credentials/by_model/m1");
    it.add(Does::Changes, Patch, "/credentials/cred1", json!({"credential_values":
        {"region": SECRETS[2]}}));
    it.once("/model/new", json!({"model_name": "made", "litellm_params": {"model": "openai/m",
        "api_key": SECRETS[2]}, "model_info": {"id": "m2"}}));
    it.changes("/model/update", json!({"model_info": {"id": "m1"}, "litellm_params": {"rpm": 5}}));
    it.add(Does::Changes, Patch, "/model/m1/update", json!({"litellm_params": {"rpm": 6}}));
    it.changes("/model/block", json!({"model_id": "m1"}));
    it.changes("/model/unblock", json!({"model_id": "m1"}));
    it.reads("/model/info?litellm_model_id=d1");
    it.reads("/v1/model/info");
    it.reads("/v2/model/info?page=1&size=5");
    it.reads("/model_group/info?model_group=alpha");
    it.changes("/config/update", json!({"litellm_settings": {"max_budget": 5},
        "environment_variables": {"SOME_KEY": SECRETS[2]}}));
    it.reads("/config/list?config_type=general_settings");
    it.reads("/alerting/settings");
    it.changes("/config/field/update", json!({"field_name": "max_parallel_requests",
        "field_value": 5, "config_type": "general_settings"}));
    it.reads("/config/field/info?field_name=max_parallel_requests");
    it.reads("/audit?page=1&page_size=5&object_id=t1");
    it.reads("/audit/1");
    it.reads("/config/yaml");
    it.reads("/get/config/callbacks");
    it.reads("/callbacks/list");
    it.reads("/active/callbacks");
    it.changes("/config/callback/delete", json!({"callback_name": "langfuse"}));
    it.changes("/reload/config", Value::Null);
    it.reads("/router/settings");
    it.reads("/router/fields");
    it.changes("/fallback", json!({"model": "alpha", "fallback_models": ["gamma"],
        "fallback_type": "general"}));
    it.reads("/fallback/alpha?fallback_type=general");
    it.add(Does::Changes, Delete, "/fallback/alpha?fallback_type=general", Value::Null);
    it.reads("/config/cost_discount_config");
    it.add(Does::Changes, Patch, "/config/cost_discount_config", json!({"openai": 0.05}));
    it.reads("/config/cost_margin_config");
    it.add(Does::Changes, Patch, "/config/cost_margin_config", json!({"openai": 0.1,
        "global": {"percentage": 0.08, "fixed_amount": 0.5}}));
    it.once("/config/pass_through_endpoint", json!({"id": "e1", "path": "/mine",
        "target": "https://example.com/v1", "headers": {"authorization": SECRETS[2]},
        "default_query_params": {"key": SECRETS[2]}, "include_subpath": true,
        "cost_per_request": 0.5, "timeout": 5, "methods": ["POST"]}));
    it.reads("/config/pass_through_endpoint?endpoint_id=e1");
    it.changes("/config/pass_through_endpoint/e1", json!({"target": "https://example.com/v2"}));
    it.add(Does::Once, Delete, "/config/pass_through_endpoint?endpoint_id=e1", Value::Null);
    it.once("/guardrails", json!({"guardrail": {"guardrail_id": "gr2", "guardrail_name": "made",
        "litellm_params": {"guardrail": "lakera", "mode": "pre_call", "api_key": SECRETS[2],
            "headers": {"x-a": SECRETS[2]}}, "guardrail_info": {"for": "all"}}}));
    it.reads("/v2/guardrails/list");
    it.reads("/guardrails/gr1");
    it.reads("/guardrails/gr1/info");
    it.add(Does::Changes, Patch, "/guardrails/gr1", json!({"guardrail_name": MARK,
        "litellm_params": {"timeout": 3}, "default_on": true, "guardrail_info": {"a": MARK}}));
    it.add(Does::Changes, Put, "/guardrails/gr1", json!({"guardrail": {"guardrail_name": MARK,
        "litellm_params": {"guardrail": "lakera", "api_key": "********"}}}));
    it.reads("/cache/ping");
    it.reads("/cache/redis/info");
    it.add(Does::Reads, Post, "/cache/delete", json!({"keys": ["a"]}));
    it.add(Does::Reads, Post, "/cache/flushall", Value::Null);
    it.reads("/cache/settings");
    it.changes("/cache/settings", json!({"cache_settings": {"type": "local", "ttl": 60}}));
    it.reads("/model/cost_map/source");
    it.reads("/get/litellm_model_cost_map");
    it.changes("/reload/model_cost_map", Value::Null);
    it.changes("/schedule/model_cost_map_reload?hours=6", Value::Null);
    it.reads("/schedule/model_cost_map_reload/status");
    it.add(Does::Once, Delete, "/schedule/model_cost_map_reload", Value::Null);
    it.once("/config/field/delete", json!({"field_name": "max_parallel_requests",
        "config_type": "general_settings"}));
}
