//! A LiteLLM database made by hand, with the names of its tables and columns, and the runs.

use serde_json::Value;

use crate::config::Env;
use crate::domain::{Entity, EntityKind, Secret, Usd};
use crate::migrate::{MigrateError, Plan, Report, Style, litellm};
use crate::store::tests::{Foreign, NOW, Place};
use crate::store::{Address, SaltKey, Store, UsageFilter};

/// Hashes of the keys of the tests.
pub const KEY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub const ROTATED: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// As an older LiteLLM has them: without columns and tables that came later.
const TABLES: &str = r#"
CREATE TABLE "LiteLLM_BudgetTable" (budget_id TEXT PRIMARY KEY, max_budget FLOAT8,
    tpm_limit BIGINT, budget_duration TEXT, budget_reset_at TIMESTAMP(3));
CREATE TABLE "LiteLLM_OrganizationTable" (organization_id TEXT PRIMARY KEY,
    organization_alias TEXT, budget_id TEXT, models TEXT[], spend FLOAT8 DEFAULT 0,
    metadata JSONB DEFAULT '{}');
CREATE TABLE "LiteLLM_UserTable" (user_id TEXT PRIMARY KEY, user_email TEXT, user_role TEXT,
    password TEXT, sso_user_id TEXT, max_budget FLOAT8, spend FLOAT8 DEFAULT 0,
    budget_duration TEXT, budget_reset_at TIMESTAMP(3), metadata JSONB);
CREATE TABLE "LiteLLM_OrganizationMembership" (user_id TEXT, organization_id TEXT,
    user_role TEXT, budget_id TEXT, PRIMARY KEY (user_id, organization_id));
CREATE TABLE "LiteLLM_ModelTable" (id SERIAL PRIMARY KEY, aliases JSONB);
CREATE TABLE "LiteLLM_TeamTable" (team_id TEXT PRIMARY KEY, team_alias TEXT,
    organization_id TEXT, members_with_roles JSONB DEFAULT '{}', metadata JSONB DEFAULT '{}',
    max_budget FLOAT8, spend FLOAT8 DEFAULT 0, models TEXT[], model_id INT, blocked BOOL,
    budget_limits JSONB, object_permission_id TEXT);
CREATE TABLE "LiteLLM_TeamMembership" (user_id TEXT, team_id TEXT, spend FLOAT8 DEFAULT 0,
    budget_id TEXT, PRIMARY KEY (user_id, team_id));
CREATE TABLE "LiteLLM_ObjectPermissionTable" (object_permission_id TEXT PRIMARY KEY,
    mcp_servers TEXT[] DEFAULT '{}', vector_stores TEXT[] DEFAULT '{}');
CREATE TABLE "LiteLLM_VerificationToken" (token TEXT PRIMARY KEY, key_name TEXT, key_alias TEXT,
    spend FLOAT8 DEFAULT 0, total_spend FLOAT8 DEFAULT 0, expires TIMESTAMP(3), models TEXT[],
    user_id TEXT, team_id TEXT, budget_id TEXT, max_budget FLOAT8, budget_duration TEXT,
    budget_reset_at TIMESTAMP(3), blocked BOOL, metadata JSONB DEFAULT '{}', rpm_limit BIGINT);
CREATE TABLE "LiteLLM_DeprecatedVerificationToken" (id TEXT PRIMARY KEY, token TEXT,
    active_token_id TEXT, revoke_at TIMESTAMP(3));
CREATE TABLE "LiteLLM_BudgetWindowSpend" (entity_type TEXT, entity_id TEXT, window_duration TEXT,
    window_start TIMESTAMP(3), spend FLOAT8,
    PRIMARY KEY (entity_type, entity_id, window_duration));
CREATE TABLE "LiteLLM_EndUserTable" (user_id TEXT PRIMARY KEY, alias TEXT,
    spend FLOAT8 DEFAULT 0, budget_id TEXT, blocked BOOL DEFAULT FALSE);
CREATE TABLE "LiteLLM_TagTable" (tag_name TEXT PRIMARY KEY, models TEXT[],
    spend FLOAT8 DEFAULT 0, budget_id TEXT);
CREATE TABLE "LiteLLM_AccessGroupTable" (access_group_id TEXT PRIMARY KEY,
    access_group_name TEXT, access_model_names TEXT[]);
CREATE TABLE "LiteLLM_ModelAccessGroupBudgetTable" (access_group_name TEXT PRIMARY KEY,
    spend FLOAT8 DEFAULT 0, budget_id TEXT);
CREATE TABLE "LiteLLM_CredentialsTable" (credential_id TEXT PRIMARY KEY, credential_name TEXT,
    credential_values JSONB, credential_info JSONB);
CREATE TABLE "LiteLLM_ProxyModelTable" (model_id TEXT PRIMARY KEY, model_name TEXT,
    litellm_params JSONB, model_info JSONB);
CREATE TABLE "LiteLLM_Config" (param_name TEXT PRIMARY KEY, param_value JSONB);
CREATE TABLE "LiteLLM_InvitationLink" (id TEXT PRIMARY KEY, user_id TEXT, is_accepted BOOL,
    expires_at TIMESTAMP(3));
CREATE TABLE "LiteLLM_PromptTable" (id TEXT PRIMARY KEY);
CREATE TABLE "LiteLLM_DailyUserSpend" (id TEXT PRIMARY KEY, user_id TEXT, date TEXT,
    api_key TEXT, model TEXT, model_group TEXT, custom_llm_provider TEXT, spend FLOAT8,
    prompt_tokens BIGINT DEFAULT 0, completion_tokens BIGINT DEFAULT 0,
    api_requests BIGINT DEFAULT 0, successful_requests BIGINT DEFAULT 0,
    failed_requests BIGINT DEFAULT 0);
CREATE TABLE "LiteLLM_SpendLogs" (request_id TEXT PRIMARY KEY, call_type TEXT, api_key TEXT,
    spend FLOAT8, prompt_tokens INT, completion_tokens INT, "startTime" TIMESTAMP(3),
    "endTime" TIMESTAMP(3), model TEXT, team_id TEXT, request_tags JSONB);
"#;

/// One of everything.
const ROWS: &str = r#"
INSERT INTO "LiteLLM_BudgetTable" VALUES ('b', 2.5, 100, '30d', '2027-01-01');
INSERT INTO "LiteLLM_OrganizationTable" VALUES ('o', 'Org', 'b', '{gpt-4o}', 0.75);
INSERT INTO "LiteLLM_UserTable" VALUES
    ('u', 'u@example.com', 'internal_user', 'scrypt:x', 'subject', 9, 0.5, '7d', '2027-02-01'),
    ('litellm-proxy-budget', NULL, NULL, NULL, NULL, 100, 4.5, '30d', '2027-01-01');
INSERT INTO "LiteLLM_OrganizationMembership" VALUES ('u', 'o', 'org_admin', NULL);
INSERT INTO "LiteLLM_ModelTable" (aliases) VALUES ('{"fast": "gpt-4o-mini"}');
INSERT INTO "LiteLLM_ObjectPermissionTable" VALUES ('p', '{server}', '{}');
INSERT INTO "LiteLLM_TeamTable" VALUES ('t', 'Team', 'o',
    '[{"role": "admin", "user_id": "u"}, {"role": "user", "user_id": "guest"}]',
    '{"tags": ["team-tag"]}', 50, 1.25, '{gpt-4o}', 1, FALSE,
    '[{"budget_duration": "1d", "max_budget": 3, "reset_at": "2027-01-01T00:00:00"}]', 'p');
INSERT INTO "LiteLLM_BudgetWindowSpend" VALUES ('team', 't', '1d', '2026-12-31', 0.125);
INSERT INTO "LiteLLM_TeamMembership" VALUES ('u', 't', 0.0625, 'b'), ('left', 't', 9, NULL);
INSERT INTO "LiteLLM_VerificationToken" VALUES
    ('KEY', 'sk-...aaaa', 'ci', 0.1, 0.3, '2030-01-01', '{gpt-4o}', 'u', 't', NULL, 5, '1d',
     '2027-01-01', NULL, '{"tags": ["a"]}', 60),
    ('OTHER', 'sk-...bbbb', 'ci', 0, 0, NULL, NULL, 'nobody', 'gone', 'b', NULL, NULL, NULL,
     TRUE, '{}', NULL);
INSERT INTO "LiteLLM_VerificationToken" (token, key_name, user_id, team_id) VALUES
    (repeat('d', 64), 'sk-...dddd', 'u', 'litellm-dashboard');
INSERT INTO "LiteLLM_DeprecatedVerificationToken" VALUES
    ('1', 'ROTATED', 'KEY', '2029-01-01'), ('2', repeat('e', 64), 'KEY', '2020-01-01');
INSERT INTO "LiteLLM_EndUserTable" VALUES ('customer', 'Customer', 0.2, 'b', TRUE);
INSERT INTO "LiteLLM_TagTable" VALUES ('prod', '{gpt-4o}', 0.4, 'b');
INSERT INTO "LiteLLM_AccessGroupTable" VALUES ('g', 'Group', '{gpt-4o}');
INSERT INTO "LiteLLM_ModelAccessGroupBudgetTable" VALUES ('Group', 0.3, 'b'), ('beta', 0.6, 'b');
INSERT INTO "LiteLLM_CredentialsTable" VALUES
    ('c', 'openai', '{"api_key": "SEALED"}', '{"custom_llm_provider": "openai"}');
INSERT INTO "LiteLLM_ProxyModelTable" VALUES ('m', 'gpt-4o',
    '{"model": "openai/gpt-4o", "api_key": "SEALED", "rpm": 5}', '{"mode": "chat"}');
INSERT INTO "LiteLLM_Config" VALUES ('litellm_settings', '{"drop_params": true}'),
    ('environment_variables', '{"OPENAI_API_KEY": "SEALED"}'), ('ui_theme', '{"a": 1}');
INSERT INTO "LiteLLM_InvitationLink" VALUES ('i', 'u', FALSE, '2027-01-01');
INSERT INTO "LiteLLM_PromptTable" VALUES ('1'), ('2');
INSERT INTO "LiteLLM_DailyUserSpend" VALUES
    ('1', 'u', '2026-01-02', 'KEY', 'gpt-4o', 'gpt-4o', 'openai', 0.25, 10, 5, 2, 2, 0),
    ('2', NULL, '2026-01-02', 'litellm_proxy_master_key', NULL, NULL, NULL, 0.05, 1, 1, 1, 0, 1),
    ('3', 'u', '2026-01-03', 'KEY', 'gpt-4o', 'gpt-4o', 'openai', 0.15, 4, 4, 1, 1, 0);
INSERT INTO "LiteLLM_SpendLogs" VALUES
    ('chatcmpl-1', 'acompletion', 'KEY', 0.25, 10, 5, '2026-01-02', '2026-01-02 00:00:01',
     'gpt-4o', 't', '["a"]');
"#;

/// A LiteLLM and a place to move to.
pub struct Rig {
    pub source: Foreign,
    pub place: Place,
}

/// What a run said.
pub struct Said {
    pub done: Result<(), MigrateError>,
    pub lines: Vec<Value>,
}

impl Said {
    /// The line of a row; its absence fails.
    pub fn of(&self, table: &str, id: &str) -> &Value {
        let found = self
            .lines
            .iter()
            .find(|it| it["table"] == table && it["id"] == id);
        found.unwrap_or_else(|| panic!("{table} {id} is not in {:#?}", self.lines))
    }

    pub fn fate(&self, table: &str, id: &str) -> &str {
        self.of(table, id)["fate"].as_str().unwrap()
    }

    /// How many rows of a table had a fate.
    pub fn count(&self, table: &str, fate: &str) -> u64 {
        let found = self
            .lines
            .iter()
            .find(|it| it["table"] == table && it["counts"].is_object());
        found.map_or(0, |it| it["counts"][fate].as_u64().unwrap_or(0))
    }

    /// How many rows of all tables had a fate.
    pub fn total(&self, fate: &str) -> u64 {
        let counts = self.lines.iter().map(|it| it["counts"][fate].as_u64());
        counts.flatten().sum()
    }
}

pub fn salt(text: &str) -> SaltKey {
    SaltKey::new(&Secret::new(text))
}

pub fn usd(dollars: f64) -> Usd {
    Usd::from_dollars(dollars).unwrap()
}

impl Rig {
    /// None without a server.
    pub async fn new(place: Option<Place>) -> Option<Self> {
        let (source, place) = (Foreign::new().await?, place?);
        let sealed = salt("theirs").seal("sk-live").unwrap();
        let rows = ROWS
            .replace("KEY'", &format!("{KEY}'"))
            .replace("OTHER'", &format!("{OTHER}'"))
            .replace("ROTATED'", &format!("{ROTATED}'"))
            .replace("SEALED", &sealed);
        source.run(TABLES).await;
        source.run(&rows).await;
        Some(Self { source, place })
    }

    pub fn plan(&self) -> Plan {
        Plan {
            from: self.source.address(),
            schema: None,
            to: self.place.address.clone(),
            their_salt: salt("theirs"),
            our_salt: salt("ours"),
            config: None,
            env: Env::default(),
            dry_run: false,
            spend_logs: false,
            overwrite: false,
        }
    }

    pub async fn run_with(&self, plan: &Plan) -> Said {
        let mut written = Vec::new();
        let mut report = Report::new(&mut written, Style::Json);
        let done = litellm(plan, NOW, &mut report).await;
        report.finish().unwrap();
        let text = String::from_utf8(written).unwrap();
        let lines = text.lines().map(|it| serde_json::from_str(it).unwrap());
        Said {
            done,
            lines: lines.collect(),
        }
    }

    /// A run that succeeds.
    pub async fn run(&self) -> Said {
        let said = self.run_with(&self.plan()).await;
        assert!(said.done.is_ok(), "{:?}", said.done);
        said
    }

    pub async fn store(&self) -> Store {
        self.place.open().await
    }

    pub async fn remove(self) {
        let store = self.place.open().await;
        self.place.remove(store).await;
        self.source.remove().await;
    }
}

/// What was spent in a window, and when it ends.
pub async fn spent(
    store: &Store,
    kind: EntityKind,
    id: &str,
    span: &str,
) -> Option<(f64, Option<i64>)> {
    let accounts = store.accounts(&[Entity::new(kind, id)]).await.unwrap();
    let found = accounts.into_iter().find(|it| it.span == span)?;
    Some((found.spent.dollars(), found.reset_at))
}

/// Everything that holders of a kind used.
pub fn ever(kind: EntityKind) -> UsageFilter {
    UsageFilter {
        kind,
        ids: Vec::new(),
        except: Vec::new(),
        from_day: 0,
        until_day: 99_999,
        only: Vec::new(),
    }
}

/// Milliseconds since 1970.
pub fn at(text: &str) -> Option<i64> {
    crate::migrate::fields::moment(text)
}

/// Another address in place of the source's.
pub fn elsewhere(url: &str) -> Address {
    Address::parse(url).unwrap()
}

/// Runs a test on both engines.
macro_rules! both {
    ($(async fn $name:ident($rig:ident: Rig) $body:block)*) => { $(
        mod $name {
            use super::*;

            async fn body($rig: Rig) $body

            #[tokio::test]
            async fn sqlite() {
                if let Some(rig) = Rig::new(crate::store::tests::Place::sqlite().await).await {
                    body(rig).await;
                }
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(rig) = Rig::new(crate::store::tests::Place::postgres().await).await {
                    body(rig).await;
                }
            }
        }
    )* };
}
pub(super) use both;
