//! Virtual keys, which go on working by their hashes, and keys that were rotated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::{Notes, keep, some, stamp, take_limits};
use super::sums::{Spent, window_end, window_sums};
use super::{Done, Item, MigrateError, Move, permission_of};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::litellm::{Key, RotatedKey, Table};
use crate::store::{BroughtSum, Filter, KeyRow, Query, TOTAL, WHOLE};

/// The team of the keys that LiteLLM makes for sessions of its UI.
const DASHBOARD: &str = "litellm-dashboard";

impl Move<'_, '_> {
    pub(super) async fn keys(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Key>(&mut after).await? {
            self.key_page(page).await?;
        }
        Ok(())
    }

    async fn key_page(&mut self, page: Vec<Key>) -> Done {
        let mut keys = Vec::with_capacity(page.len());
        for key in page {
            match unfit(&key) {
                Some(why) => self.report.left_out(Key::NAME, key.token, why),
                None => keys.push(key),
            }
        }
        let text = |of: fn(&Key) -> &Option<String>| -> BTreeSet<String> {
            let all = keys.iter().filter_map(|it| some(of(it).clone()));
            all.collect()
        };
        let users = text(|it| &it.user_id);
        let teams = text(|it| &it.team_id);
        let ids: BTreeSet<String> = keys.iter().map(|it| it.token.clone()).collect();
        let budgets = self.named_budgets(text(|it| &it.budget_id)).await?;
        let permissions = text(|it| &it.object_permission_id);
        let permissions = self.object_permissions(permissions).await?;
        let days = self.days_of(EntityKind::Key, &ids).await?;
        let windows = self.window_spends("key", &ids).await?;
        self.users_of_no_row(users).await?;
        self.teams_of_no_row(teams).await?;
        let mut items = Vec::with_capacity(keys.len());
        for it in keys {
            let mut notes = Notes::default();
            let id = it.token.clone();
            let spent = Spent {
                window: it.spend,
                total: it.total_spend,
                days: days.get(&id).copied().unwrap_or_default(),
            };
            let budget = it.budget_id.as_ref().and_then(|it| budgets.get(it));
            let own = (
                it.max_budget,
                it.budget_duration.as_ref(),
                it.budget_reset_at,
            );
            let end = window_end(own, budget);
            let entity = Entity::new(EntityKind::Key, id.as_str());
            let permission = permission_of(&permissions, it.object_permission_id.as_ref());
            let (limits, ends) = notes.windows(&it.budget_limits);
            let mut sums = spent.sums(&entity, end);
            let none = Vec::new();
            sums.extend(window_sums(
                &entity,
                &ends,
                windows.get(&id).unwrap_or(&none),
            ));
            sums.extend(model_sums(&it, &mut notes));
            let mut row = key(it, self.now_ms, &mut notes);
            row.doc.limits.budget_limits = limits;
            keep(&mut row.doc.rest, "object_permission", permission);
            items.push(Item {
                id,
                becomes: format!("key {}{}", shown(&row), spent.shown(end)),
                row,
                beside: String::new(),
                notes,
                sums,
            });
        }
        self.unique_aliases(&mut items).await?;
        self.bring(Key::NAME, items).await
    }

    /// LiteLLM's database takes an alias twice, ours does not: the later key's is made another.
    async fn unique_aliases(&mut self, items: &mut [Item<KeyRow>]) -> Done {
        let named = items.iter().filter_map(|it| it.row.alias.as_deref());
        let named: Vec<crate::store::Value> = named.map(Into::into).collect();
        let query = Query::new().with(Filter::In("alias", named));
        let here = self.change.list::<KeyRow>(&query).await;
        let here = here.map_err(MigrateError::Target)?.rows.into_iter();
        let mut holders: BTreeMap<String, String> =
            here.filter_map(|it| Some((it.alias?, it.id))).collect();
        for item in items {
            let Some(alias) = item.row.alias.clone() else {
                continue;
            };
            let holder = holders
                .entry(alias.clone())
                .or_insert_with(|| item.id.clone());
            if *holder != item.id {
                let other = format!("{alias} ({})", item.id.get(..8).unwrap_or_default());
                item.notes.say(format!(
                    "its alias is `{other}`: `{alias}` is that of another key, {holder}"
                ));
                item.row.alias = Some(other);
            }
        }
        Ok(())
    }

    /// Old hashes of rotated keys: they open the new key until their time is over.
    pub(super) async fn rotated_keys(&mut self) -> Done {
        let all = self.source.all::<RotatedKey>().await;
        let all = self.readable(all.map_err(MigrateError::Source)?);
        let next: BTreeMap<String, String> = all
            .iter()
            .map(|it| (it.token.clone(), it.active_token_id.clone()))
            .collect();
        let targets = all.iter().map(|it| newest(&next, &it.active_token_id));
        let here = self.change.present::<KeyRow>(&targets.collect()).await;
        let here = here.map_err(MigrateError::Target)?;
        for it in all {
            let key = newest(&next, &it.active_token_id);
            let until = it.revoke_at.unwrap_or_default();
            if until <= self.now_ms {
                self.report
                    .left_out(RotatedKey::NAME, it.token, "its time is over");
                continue;
            }
            if !here.contains(&key) {
                let why = format!("its key {key} was not moved, or was deleted or rotated here");
                self.report.left_out(RotatedKey::NAME, it.token, why);
                continue;
            }
            let taken = self.change.supersede(&it.token, &key, until).await;
            taken.map_err(MigrateError::Target)?;
            self.report.line(super::Line {
                table: RotatedKey::NAME,
                id: it.token,
                fate: super::Fate::Carried,
                becomes: format!("hash of key {key} before it was rotated"),
                notes: Vec::new(),
            });
        }
        Ok(())
    }
}

/// The key that a hash leads to, over all rotations since.
fn newest(next: &BTreeMap<String, String>, from: &str) -> String {
    let mut at = from;
    // A ring would be somebody's mistake: no longer way than there are rotations.
    for _ in 0..next.len() {
        match next.get(at) {
            Some(later) => at = later,
            None => break,
        }
    }
    at.to_owned()
}

/// Why a key is not moved at all.
fn unfit(key: &Key) -> Option<&'static str> {
    let hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    if key.team_id.as_deref() == Some(DASHBOARD) {
        Some("it is of a session of LiteLLM's UI")
    } else if key.token.len() != 64 || !key.token.bytes().all(hex) {
        Some("its token is no SHA-256 in hex, so that no key can be told by it; make a new key")
    } else {
        None
    }
}

fn shown(row: &KeyRow) -> String {
    let mut text = match &row.alias {
        Some(alias) => format!("`{alias}` ({})", row.name),
        None => row.name.clone(),
    };
    if let Some(team) = &row.team_id {
        text.push_str(&format!(" of team `{team}`"));
    }
    if let Some(user) = &row.user_id {
        text.push_str(&format!(" of user `{user}`"));
    }
    text
}

fn key(it: Key, now_ms: i64, notes: &mut Notes) -> KeyRow {
    let mut row = KeyRow {
        id: it.token,
        name: some(it.key_name).unwrap_or_else(|| "sk-...".to_owned()),
        alias: some(it.key_alias),
        user_id: some(it.user_id),
        team_id: some(it.team_id),
        organization_id: some(it.organization_id),
        project_id: some(it.project_id),
        budget_id: some(it.budget_id),
        blocked: it.blocked,
        expires_at: it.expires,
        rotate_at: it.key_rotation_at.filter(|_| it.auto_rotate),
        max_budget: it.max_budget,
        stamp: stamp(now_ms, it.made),
        ..KeyRow::default()
    };
    let doc = &mut row.doc;
    doc.models = it.models;
    doc.aliases = it.aliases;
    doc.metadata = it.metadata;
    doc.permissions = it.permissions;
    doc.allowed_routes = it.allowed_routes;
    doc.access_group_ids = it.access_group_ids;
    doc.key_type = some(it.key_type);
    let limits = &mut doc.limits;
    limits.model_rpm_limit = notes.counts(&mut doc.metadata, "model_rpm_limit");
    limits.model_tpm_limit = notes.counts(&mut doc.metadata, "model_tpm_limit");
    take_limits!(limits, it, notes);
    limits.tpd_limit = it.tpd_limit;
    keep(&mut doc.metadata, "policies", it.policies);
    let rest = &mut doc.rest;
    keep(rest, "agent_id", it.agent_id);
    keep(rest, "allowed_cache_controls", it.allowed_cache_controls);
    keep(rest, "auto_rotate", it.auto_rotate);
    keep(rest, "budget_fallbacks", it.budget_fallbacks);
    keep(rest, "config", it.config);
    keep(rest, "rotation_interval", it.rotation_interval);
    keep(rest, "router_settings", it.router_settings);
    notes.dropped(
        row.project_id.is_some(),
        "project limits",
        "the project's id is kept, projects themselves have no counterpart",
    );
    row
}

/// What was spent on models that have a budget of their own. LiteLLM keeps that in its database
/// only over the life of a key; what it counts by window is in its memory or Redis.
fn model_sums(key: &Key, notes: &mut Notes) -> Vec<BroughtSum> {
    let mut sums = Vec::new();
    for (model, budget) in &key.model_max_budget {
        let part = |name: &str| budget.get(name).is_some_and(|it| !it.is_null());
        if part("time_period") || part("budget_duration") {
            notes.say(format!(
                "the window of its budget on `{model}` begins at 0: LiteLLM's database does not \
                 have what was spent in it"
            ));
            continue;
        }
        let spent = key.model_spend.get(model).and_then(Value::as_f64);
        if let Some(spent) = spent.and_then(Usd::from_dollars) {
            let id = format!("{}#model={model}", key.token);
            sums.extend([TOTAL, WHOLE].map(|span| BroughtSum {
                entity: Entity::new(EntityKind::Key, id.as_str()),
                span: span.to_owned(),
                spent,
                reset_at: None,
            }));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given() -> Key {
        let object = |it: Value| it.as_object().cloned().unwrap_or_default();
        Key {
            token: "a".repeat(64),
            key_name: Some("sk-...wxyz".to_owned()),
            key_alias: Some("ci".to_owned()),
            team_id: Some("t".to_owned()),
            user_id: Some(String::new()),
            project_id: Some("p".to_owned()),
            blocked: true,
            expires: Some(99),
            max_budget: Usd::from_dollars(0.1),
            budget_duration: Some("monthly-ish".to_owned()),
            models: vec!["gpt-4o".to_owned()],
            aliases: object(json!({"fast": "gpt-4o-mini"})),
            metadata: object(json!({"tags": ["a"], "model_tpm_limit": {"gpt-4o": 7}})),
            allowed_routes: vec!["llm_api_routes".to_owned()],
            key_type: Some("llm_api".to_owned()),
            auto_rotate: true,
            rotation_interval: Some("30d".to_owned()),
            key_rotation_at: Some(1_000),
            model_max_budget: object(json!({
                "gpt-4o": {"budget_limit": 1.0, "time_period": "1d"},
                "o3": {"budget_limit": 2.0},
            })),
            model_spend: object(json!({"gpt-4o": 0.5, "o3": 0.25})),
            ..Key::default()
        }
    }

    #[test]
    fn a_key_keeps_what_it_may_and_when_it_ends() {
        let mut notes = Notes::default();
        let row = key(given(), 1, &mut notes);
        assert_eq!(row.id, "a".repeat(64));
        assert_eq!(row.name, "sk-...wxyz");
        assert_eq!(
            (row.team_id.as_deref(), row.user_id.as_deref()),
            (Some("t"), None)
        );
        assert!(row.blocked);
        assert_eq!((row.expires_at, row.rotate_at), (Some(99), Some(1_000)));
        assert_eq!(row.max_budget, Usd::from_dollars(0.1));
        assert_eq!(row.doc.limits.budget_duration, None);
        assert_eq!(row.doc.limits.model_tpm_limit["gpt-4o"], 7);
        assert_eq!(Value::from(row.doc.metadata), json!({"tags": ["a"]}));
        assert_eq!(row.doc.aliases["fast"], "gpt-4o-mini");
        assert_eq!(row.doc.allowed_routes, ["llm_api_routes"]);
        assert_eq!(row.doc.key_type.as_deref(), Some("llm_api"));
        assert_eq!(row.doc.rest["rotation_interval"], "30d");
        assert_eq!(row.doc.rest["auto_rotate"], true);
        assert!(notes.0.iter().any(|it| it.contains("budget_duration")));
        assert!(notes.0.iter().any(|it| it.contains("project")));
    }

    #[test]
    fn budgets_on_models_go_on_where_litellm_wrote_down_what_was_spent() {
        let mut notes = Notes::default();
        let sums = model_sums(&given(), &mut notes);
        assert_eq!(sums.len(), 2);
        assert_eq!(&*sums[0].entity.id, format!("{}#model=o3", "a".repeat(64)));
        assert_eq!(sums[0].spent, Usd::from_dollars(0.25).unwrap());
        assert!(notes.0[0].contains("`gpt-4o`"));
    }

    #[test]
    fn sessions_of_the_ui_and_tokens_that_are_no_hash_are_left_out() {
        let mut of_ui = given();
        of_ui.team_id = Some(DASHBOARD.to_owned());
        assert!(unfit(&of_ui).is_some());
        for token in ["sk-plain".to_owned(), "A".repeat(64), String::new()] {
            assert!(unfit(&Key { token, ..given() }).is_some());
        }
        assert_eq!(unfit(&given()), None);
    }

    #[test]
    fn a_hash_leads_over_every_rotation_and_out_of_a_ring() {
        let next: BTreeMap<String, String> = [("a", "b"), ("b", "c"), ("x", "y"), ("y", "x")]
            .into_iter()
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .collect();
        assert_eq!(newest(&next, "b"), "c");
        assert_eq!(newest(&next, "a"), "c");
        assert_eq!(newest(&next, "other"), "other");
        let _ = newest(&next, "x");
    }
}
