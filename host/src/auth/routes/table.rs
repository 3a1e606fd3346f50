//! Every route and who may call it: the one table that both the code and the tests go by.
//!
//! `[/v1]/x` stands for `/x` and `/v1/x`; `[/v1|/openai/v1]/x` for three paths.

use super::class::Area::{
    AccessGroup, Anthropic, Audit, Budget, Cache, Config, Credential, Customer, GlobalSpend,
    Google, Guardrail, Health, Invitation, Key, Login, Model, ModelInfo, OpenAi, Organization,
    PassThrough, Plugins, Spend, Tag, Team, Ui, User, Utility,
};
use super::class::Gate::{Admin, Info, Llm, Master, OrgAdmin, Own, Public, TeamAdmin};
use super::class::{ANY, ASK, Area, DELETE, GET, Gate, PATCH, POST, PUT};

/// Routes of one area behind one gate.
pub(super) struct Group(
    pub(super) Area,
    pub(super) Gate,
    pub(super) &'static [(u8, &'static str)],
);

/// The table.
#[rustfmt::skip]
pub(super) const TABLE: &[Group] = &[
    // Models.
    Group(OpenAi, Llm, &[
        (POST, "[/v1|/engines/{*model}|/openai/deployments/{*model}|/cursor]/chat/completions"),
        (POST, "/queue/chat/completions"),
        (POST, "[/v1|/engines/{*model}|/openai/deployments/{*model}]/completions"),
        (POST, "[/v1|/engines/{*model}|/openai/deployments/{*model}]/embeddings"),
        (GET, "[/v1]/models"), (GET, "[/v1]/models/{*id}"),
        (GET | POST, "[/v1|/openai/v1]/responses"),
        (GET | DELETE, "[/v1|/openai/v1]/responses/{id}"),
        (GET, "[/v1|/openai/v1]/responses/{id}/input_items"),
        (POST, "[/v1|/openai/v1]/responses/{id}/cancel"),
        (POST, "[/v1|/openai/v1]/responses/compact"),
        (POST, "[/v1|/openai/v1]/responses/input_tokens"),
        (POST, "[/v1|/openai/deployments/{*model}]/images/generations"),
        (POST, "[/v1|/openai/deployments/{*model}]/images/edits"),
        (POST, "[/v1]/images/variations"),
        (POST, "[/v1]/audio/speech"), (POST, "[/v1]/audio/transcriptions"),
        (POST, "[/v1]/audio/translations"),
        (POST, "[/v1]/moderations"),
        (POST, "[/v1|/v2]/rerank"),
        (GET | POST, "[/v1|/{provider}/v1]/batches"), (GET, "[/v1|/{provider}/v1]/batches/{id}"),
        (POST, "[/v1|/{provider}/v1]/batches/{id}/cancel"),
        (GET | POST, "[/v1|/{provider}/v1]/files"),
        (GET | DELETE, "[/v1|/{provider}/v1]/files/{id}"),
        (GET, "[/v1|/{provider}/v1]/files/{id}/content"),
        (GET, "[/v1|/openai|/openai/v1]/realtime"),
        (POST, "[/v1|/openai/v1]/realtime/client_secrets"),
        (POST, "[/v1|/openai/v1]/realtime/calls"),
        (POST, "[/v1|/openai/v1]/realtime/transcription_sessions"),
    ]),
    Group(Anthropic, Llm, &[(POST, "/v1/messages"), (POST, "/v1/messages/count_tokens")]),
    Group(Google, Llm, &[
        (POST, "[/v1beta|/v1]/models/{*model}:generateContent"),
        (POST, "[/v1beta|/v1]/models/{*model}:streamGenerateContent"),
        (POST, "[/v1beta|/v1]/models/{*model}:countTokens"),
        (POST, "[/v1beta|/v1]/models/{*model}:embedContent"),
        (POST, "[/v1beta|/v1]/models/{*model}:batchEmbedContents"),
        (GET, "/v1beta/models"), (GET, "/v1beta/models/{*id}"),
    ]),
    Group(PassThrough, Llm, &[
        (ANY, "/anthropic/{*rest}"), (ANY, "/openai/{*rest}"), (ANY, "/openai_passthrough/{*rest}"),
        (ANY, "/gemini/{*rest}"), (ANY, "/vertex_ai/{*rest}"), (ANY, "/vertex-ai/{*rest}"),
        (ANY, "/bedrock/{*rest}"), (ANY, "/azure/{*rest}"), (ANY, "/azure_ai/{*rest}"),
        (ANY, "/cohere/{*rest}"), (ANY, "/mistral/{*rest}"),
    ]),
    Group(Guardrail, Llm, &[
        (POST, "/guardrails/apply_guardrail"), (POST, "/apply_guardrail"),
    ]),
    Group(Utility, Llm, &[
        (ASK, "/utils/token_counter"), (GET, "/utils/supported_openai_params"),
        (GET, "/utils/model_info"), (ASK, "/utils/transform_request"),
    ]),
    Group(Spend, Llm, &[(ASK, "/spend/calculate")]),
    Group(Key, Llm, &[(ASK, "/key/health")]),

    // What every key may see of itself.
    Group(Key, Info, &[(GET, "/key/info"), (ASK, "/v2/key/info"), (GET, "/key/list")]),
    Group(User, Info, &[
        (GET, "/user/info"), (GET, "/v2/user/info"), (GET, "/user/available_roles"),
    ]),
    Group(Team, Info, &[
        (GET, "/team/info"), (GET, "/team/list"), (GET, "/v2/team/list"), (GET, "/team/available"),
        (GET, "/team/filter/ui"),
    ]),
    Group(Organization, Info, &[(GET, "/organization/list")]),
    Group(ModelInfo, Info, &[
        (GET, "[/v1|/v2]/model/info"), (GET, "/model_group/info"),
        (GET, "/get/litellm_model_cost_map"),
    ]),
    Group(Guardrail, Info, &[(GET, "/guardrails/list")]),
    Group(Health, Info, &[(GET, "/health"), (GET, "/health/readiness/details"), (GET, "/metrics")]),

    // Keys.
    Group(Key, Own, &[
        (POST, "/key/generate"), (POST, "/key/update"), (POST, "/key/delete"),
        (POST, "/key/regenerate"), (POST, "/key/{key}/regenerate"),
    ]),
    Group(Key, TeamAdmin, &[
        (POST, "/key/service-account/generate"), (POST, "/key/{key}/reset_spend"),
        (POST, "/team/key/bulk_update"),
    ]),
    Group(Key, Admin, &[
        (POST, "/key/block"), (POST, "/key/unblock"), (POST, "/key/bulk_update"), (GET, "/key/aliases"),
    ]),

    // Users.
    Group(User, Own, &[(POST, "/user/update"), (POST, "/user/password/change")]),
    Group(User, OrgAdmin, &[
        (POST, "/user/new"), (GET, "/user/list"), (POST, "/user/delete"),
        (GET, "/user/filter/ui"),
    ]),
    Group(User, Admin, &[(POST, "/user/bulk_update"), (GET, "/user/available_users")]),
    Group(Invitation, TeamAdmin, &[(POST, "/invitation/new"), (POST, "/invitation/delete")]),
    Group(Invitation, Admin, &[(POST, "/invitation/update"), (GET, "/invitation/info")]),
    Group(Login, Public, &[(GET, "/onboarding/get_token"), (POST, "/onboarding/claim_token")]),

    // Teams.
    Group(Team, OrgAdmin, &[(POST, "/team/new"), (POST, "/team/delete")]),
    Group(Team, TeamAdmin, &[
        (POST, "/team/update"), (PATCH, "/team/{id}"),
        (POST, "/team/block"), (POST, "/team/unblock"),
        (POST, "/team/member_add"), (POST, "/team/member_update"), (POST, "/team/member_delete"),
        (POST, "/team/bulk_member_add"), (POST, "/team/model/add"), (POST, "/team/model/delete"),
        (GET, "/team/permissions_list"), (POST, "/team/permissions_update"),
        (POST, "/team/permissions_bulk_update"), (GET | POST, "/team/{id}/callback"),
        (DELETE, "/team/{id}/callback/{name}"), (POST, "/team/{id}/disable_logging"),
        (GET, "/team/spend/by_user"), (POST, "/team/{id}/member/{user}/reset_spend"),
        (POST, "/team/{id}/member/{user}/reset_budget"),
    ]),
    Group(Team, Own, &[(GET, "/team/{id}/members/me")]),

    // Organisations, customers, budgets, tags, access groups.
    Group(Organization, Admin, &[(POST, "/organization/new")]),
    Group(Organization, OrgAdmin, &[
        (PATCH, "/organization/update"), (DELETE, "/organization/delete"),
        (GET | ASK, "/organization/info"), (POST, "/organization/member_add"),
        (PATCH, "/organization/member_update"), (DELETE, "/organization/member_delete"),
    ]),
    Group(Customer, Admin, &[
        (POST, "/customer/new"), (POST, "/customer/update"), (POST, "/customer/delete"),
        (POST, "/customer/block"), (POST, "/customer/unblock"), (GET, "/customer/info"),
        (GET, "/customer/list"), (GET, "/v2/customer/list"),
        (POST, "/end_user/new"), (POST, "/end_user/update"), (POST, "/end_user/delete"),
        (POST, "/end_user/block"), (POST, "/end_user/unblock"), (GET, "/end_user/info"),
        (GET, "/end_user/list"),
    ]),
    Group(Budget, Admin, &[
        (POST, "/budget/new"), (POST, "/budget/update"), (ASK, "/budget/info"),
        (POST, "/budget/delete"), (GET, "/budget/list"), (GET, "/budget/settings"),
        (GET, "/provider/budgets"),
    ]),
    Group(Tag, Admin, &[
        (POST, "/tag/new"), (POST, "/tag/update"), (ASK, "/tag/info"), (POST, "/tag/delete"),
        (GET, "/tag/dau"), (GET, "/tag/wau"), (GET, "/tag/mau"), (GET, "/tag/summary"),
        (GET, "/tag/distinct"),
    ]),
    Group(Tag, Own, &[(GET, "/tag/list")]),
    Group(AccessGroup, Admin, &[
        (POST, "/access_group/new"), (GET, "/access_group/list"),
        (GET, "/access_group/{group}/info"), (PUT | POST, "/access_group/{group}/update"),
        (DELETE | POST, "/access_group/{group}/delete"), (GET | PUT | DELETE, "/access_group/{group}/budget"),
        (GET | POST, "/v1/access_group"), (GET | PUT | DELETE, "/v1/access_group/{group}"),
    ]),

    // Models and credentials of the database.
    Group(Model, TeamAdmin, &[
        (POST, "/model/new"), (POST, "/model/update"), (PATCH, "/model/{id}/update"),
        (POST, "/model/delete"),
    ]),
    Group(Model, Admin, &[
        (POST, "/model/block"), (POST, "/model/unblock"),
        (POST, "/reload/model_cost_map"),
        (POST | DELETE, "/schedule/model_cost_map_reload"),
        (GET, "/schedule/model_cost_map_reload/status"), (GET, "/model/cost_map/source"),
        (GET, "/model/metrics"), (GET, "/model/metrics/slow_responses"),
        (GET, "/model/metrics/exceptions"), (GET, "/model/streaming_metrics"),
        (GET, "/model/settings"),
    ]),
    Group(Credential, Admin, &[
        (GET | POST, "/credentials"), (GET | PATCH | DELETE, "/credentials/{name}"),
        (GET, "/credentials/by_name/{*name}"), (GET, "/credentials/by_model/{*model}"),
    ]),

    // Spend.
    Group(Spend, Own, &[
        (GET, "/spend/logs"), (GET, "/spend/logs/v2"), (GET, "/spend/logs/ui"),
        (GET, "/spend/logs/ui/{id}"), (GET, "/spend/logs/session/ui"),
        (GET, "/user/daily/activity"), (GET, "/user/daily/activity/aggregated"),
        (GET, "/team/daily/activity"), (GET, "/team/daily/activity/aggregated"),
        (GET, "/organization/daily/activity"), (GET, "/organization/daily/activity/aggregated"),
        (GET, "/tag/daily/activity"), (GET, "/tag/daily/activity/aggregated"),
    ]),
    Group(Spend, Admin, &[
        (GET, "/spend/keys"), (GET, "/spend/users"), (GET, "/spend/tags"),
        (GET, "/customer/daily/activity"), (GET, "/customer/daily/activity/aggregated"),
        (GET, "/end_user/daily/activity"), (GET, "/end_user/daily/activity/aggregated"),
        (GET, "/agent/daily/activity"), (GET, "/agent/daily/activity/aggregated"),
        (GET, "/gateway/daily/activity"), (GET, "/gateway/daily/activity/aggregated"),
    ]),
    Group(GlobalSpend, Admin, &[
        (GET, "/global/spend"), (GET, "/global/spend/logs"), (GET, "/global/spend/keys"),
        (GET, "/global/spend/teams"), (GET, "/global/spend/models"),
        (GET, "/global/spend/provider"), (GET, "/global/spend/report"),
        (GET, "/global/spend/tags"), (GET, "/global/spend/all_tag_names"),
        (ASK, "/global/spend/end_users"), (POST, "/global/spend/refresh"),
        (GET, "/global/all_end_users"),
        (GET, "/global/activity"), (GET, "/global/activity/model"),
        (GET, "/global/activity/exceptions"), (GET, "/global/activity/exceptions/deployment"),
        (GET, "/global/activity/cache_hits"),
    ]),
    Group(GlobalSpend, Master, &[(POST, "/global/spend/reset")]),

    // The operator's.
    Group(Health, Public, &[
        (GET, "/health/liveliness"), (GET, "/health/liveness"), (GET, "/health/readiness"),
        // What it asks for in place of a key, the handler knows.
        (GET, "/health/drain"),
    ]),
    Group(Health, Admin, &[
        (GET, "/health/history"), (GET, "/health/latest"), (GET, "/health/services"),
        (POST, "/health/test_connection"), (GET, "/health/license"), (GET, "/health/backlog"),
        (GET, "/health/shared-status"),
    ]),
    Group(Cache, Admin, &[
        (GET, "/cache/ping"), (GET, "/cache/redis/info"), (POST, "/cache/delete"),
        (POST, "/cache/flushall"),
    ]),
    Group(Guardrail, Admin, &[
        (GET, "/v2/guardrails/list"), (POST, "/guardrails"),
        (GET | PUT | PATCH | DELETE, "/guardrails/{id}"), (GET, "/guardrails/{id}/info"),
        (POST, "/guardrails/test_custom_code"), (GET | POST, "/guardrails/submissions"),
    ]),
    Group(Config, Admin, &[
        (POST, "/config/update"), (POST, "/config/field/update"), (POST, "/config/field/delete"),
        (GET, "/config/field/info"), (GET, "/config/list"), (GET, "/config/yaml"),
        (GET, "/get/config/callbacks"), (GET, "/alerting/settings"), (GET, "/callbacks/list"),
        (GET, "/active/callbacks"), (POST, "/config/callback/delete"),
        (GET | POST, "/cache/settings"), (GET | PATCH, "/config/cost_discount_config"),
        (GET | PATCH, "/config/cost_margin_config"),
        (GET | POST | DELETE, "/config/pass_through_endpoint"),
        (POST, "/config/pass_through_endpoint/{id}"),
        (POST, "/reload/config"), (GET, "/router/settings"), (GET, "/router/fields"),
        (POST, "/fallback"), (GET | DELETE, "/fallback/{model}"),
    ]),
    Group(Audit, Admin, &[(GET, "/audit"), (GET, "/audit/{id}")]),
    Group(Plugins, Admin, &[
        (GET, "/plugins"), (POST, "/plugins/reload"), (GET, "/debug/plugins"),
        (POST, "/plugins/try"), (POST, "/plugins/upload"), (POST, "/plugins/rollback"),
    ]),
    Group(Health, Admin, &[
        (GET, "/router/deployments"), (GET, "/router/decisions/{call_id}"),
    ]),

    // Doors and pages.
    Group(Login, Public, &[
        (POST, "/login"), (POST, "/v2/login"), (POST, "/v3/login"), (POST, "/v3/login/exchange"),
        (GET | POST, "/session/logout"), (GET, "/sso/key/generate"), (GET, "/sso/callback"),
        (GET, "/sso/readiness"), (GET, "/sso/debug/login"), (GET, "/sso/debug/callback"),
    ]),
    // Whose a session is, the handler asks.
    Group(Login, Info, &[
        (GET, "/v2/session"), (GET, "/session/list"), (POST, "/session/revoke"),
    ]),
    Group(Ui, Public, &[
        (GET, "/"), (GET, "/ui"), (GET, "/ui/"), (GET, "/ui/{*page}"),
        (GET, "/.well-known/litellm-ui-config"), (GET, "/litellm/.well-known/litellm-ui-config"),
        (GET, "/get_image"), (GET, "/public/model_hub"), (GET, "/public/model_hub/info"),
        (GET, "/routes"), (GET, "/openapi.json"), (GET, "/docs"), (GET, "/docs/page.js"),
        (GET, "/docs/page.css"), (GET, "/redoc"),
    ]),
];
