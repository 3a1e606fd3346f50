//! Organisations, users, who is in which organisation, and invitations.

use std::collections::BTreeSet;

use super::fields::{Notes, keep, some, stamp, take_limits};
use super::sums::{PROXY, Spent, window_end};
use super::{Done, Item, Move, permission_of};
use crate::domain::{Entity, EntityKind};
use crate::store::litellm::{Invitation, Organization, OrganizationMember, Table, User};
use crate::store::{
    BroughtSum, InvitationRow, OrganizationMemberRow, OrganizationRow, Stamp, UserRow, WHOLE,
    member_id,
};

/// The role of a user that LiteLLM has no row of: as there, such a user manages nothing.
const STAND_IN: &str = "internal_user_viewer";

/// Ids that are part of a membership's may not have what parts it.
const PARTED: &str = "its id has a `/`, which parts the ids of memberships here; give it another \
                      id in LiteLLM";

impl Move<'_, '_> {
    pub(super) async fn organizations(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Organization>(&mut after).await? {
            let ids: BTreeSet<String> = page.iter().map(|it| it.organization_id.clone()).collect();
            let days = self.days_of(EntityKind::Organization, &ids).await?;
            let named = page.iter().filter_map(|it| it.budget_id.clone()).collect();
            let budgets = self.named_budgets(named).await?;
            let permissions = page.iter().filter_map(|it| it.object_permission_id.clone());
            let permissions = self.object_permissions(permissions.collect()).await?;
            let mut items = Vec::with_capacity(page.len());
            for it in page {
                let id = it.organization_id.clone();
                if id.contains('/') {
                    self.report.left_out(Organization::NAME, id, PARTED);
                    continue;
                }
                let spent = Spent::of_window(it.spend, &days, &id);
                let budget = it.budget_id.as_ref().and_then(|it| budgets.get(it));
                let end = window_end((None, None, None), budget);
                let entity = Entity::new(EntityKind::Organization, id.as_str());
                let permission = permission_of(&permissions, it.object_permission_id.as_ref());
                let mut row = organization(it, self.now_ms);
                keep(&mut row.doc.rest, "object_permission", permission);
                let name = row.alias.clone().unwrap_or_else(|| id.clone());
                items.push(Item {
                    id,
                    becomes: format!("organization `{name}`{}", spent.shown(end)),
                    row,
                    beside: String::new(),
                    notes: Notes::default(),
                    sums: spent.sums(&entity, end),
                });
            }
            self.bring(Organization::NAME, items).await?;
        }
        Ok(())
    }

    pub(super) async fn users(&mut self) -> Done {
        let mut after = Some(Vec::new());
        let mut taken = BTreeSet::new();
        while let Some(mut page) = self.page::<User>(&mut after).await? {
            if let Some(at) = page.iter().position(|it| it.user_id == PROXY) {
                self.proxy_budget(&page.remove(at)).await?;
            }
            let ids: BTreeSet<String> = page.iter().map(|it| it.user_id.clone()).collect();
            let days = self.days_of(EntityKind::User, &ids).await?;
            let permissions = page.iter().filter_map(|it| it.object_permission_id.clone());
            let permissions = self.object_permissions(permissions.collect()).await?;
            let mut items = Vec::with_capacity(page.len());
            for it in page {
                let mut notes = Notes::default();
                let id = it.user_id.clone();
                let spent = Spent::of_window(it.spend, &days, &id);
                let own = (
                    it.max_budget,
                    it.budget_duration.as_ref(),
                    it.budget_reset_at,
                );
                let end = window_end(own, None);
                let permission = permission_of(&permissions, it.object_permission_id.as_ref());
                let mut row = user(it, self.now_ms, &mut notes);
                keep(&mut row.doc.rest, "object_permission", permission);
                if row
                    .sso_id
                    .as_ref()
                    .is_some_and(|it| !taken.insert(it.clone()))
                {
                    notes.dropped(true, "sso_user_id", "another user has the same");
                    row.sso_id = None;
                }
                let entity = Entity::new(EntityKind::User, id.as_str());
                let role = row.role.as_deref().unwrap_or("no role");
                items.push(Item {
                    id,
                    becomes: format!("user, {role}{}", spent.shown(end)),
                    row,
                    beside: String::new(),
                    notes,
                    sums: spent.sums(&entity, end),
                });
            }
            self.bring(User::NAME, items).await?;
        }
        Ok(())
    }

    /// LiteLLM keeps the spend of the whole gateway in a row of a user that nobody is.
    async fn proxy_budget(&mut self, it: &User) -> Done {
        let end = it.budget_reset_at.filter(|_| it.budget_duration.is_some());
        let why = format!(
            "it is LiteLLM's account of the whole gateway: its spend of {} is the gateway's here; \
             its limit is `litellm_settings.max_budget` of the config",
            it.spend
        );
        self.report.left_out(User::NAME, PROXY, why);
        self.bring_sums(&[BroughtSum {
            entity: Entity::new(EntityKind::Proxy, ""),
            span: WHOLE.to_owned(),
            spent: it.spend,
            reset_at: end,
        }])
        .await
    }

    /// Users that keys and teams name and LiteLLM has no row of.
    pub(super) async fn users_of_no_row(&mut self, ids: BTreeSet<String>) -> Done {
        let now_ms = self.now_ms;
        let make = |id| UserRow {
            id,
            role: Some(STAND_IN.to_owned()),
            stamp: Stamp::new(now_ms, super::ACTOR),
            ..UserRow::default()
        };
        let becomes = format!("user, {STAND_IN}");
        self.stand_ins(User::NAME, ids, make, &becomes).await
    }

    pub(super) async fn organization_members(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<OrganizationMember>(&mut after).await? {
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| {
                let mut notes = Notes::default();
                notes.dropped(
                    !it.spend.is_zero(),
                    "spend",
                    "members of organizations have no account of their own",
                );
                let id = member_id(&it.organization_id, &it.user_id);
                let role = it.user_role.clone().unwrap_or_else(|| "no role".to_owned());
                Item {
                    becomes: format!("member of organization `{}`, {role}", it.organization_id),
                    row: OrganizationMemberRow {
                        id: id.clone(),
                        organization_id: it.organization_id,
                        user_id: it.user_id,
                        role: it.user_role,
                        budget_id: some(it.budget_id),
                        stamp: stamp(now_ms, it.made),
                        ..OrganizationMemberRow::default()
                    },
                    id,
                    beside: String::new(),
                    notes,
                    sums: Vec::new(),
                }
            });
            self.bring(OrganizationMember::NAME, items.collect())
                .await?;
        }
        Ok(())
    }

    pub(super) async fn invitations(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Invitation>(&mut after).await? {
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| Item {
                id: it.id.clone(),
                becomes: format!("invitation of `{}`", it.user_id),
                row: InvitationRow {
                    id: it.id,
                    user_id: it.user_id,
                    accepted: it.is_accepted,
                    accepted_at: it.accepted_at,
                    // One without an end is one that is over.
                    expires_at: it.expires_at.unwrap_or_default(),
                    stamp: stamp(now_ms, it.made),
                    ..InvitationRow::default()
                },
                beside: String::new(),
                notes: Notes::default(),
                sums: Vec::new(),
            });
            self.bring(Invitation::NAME, items.collect()).await?;
        }
        Ok(())
    }
}

fn organization(it: Organization, now_ms: i64) -> OrganizationRow {
    let mut row = OrganizationRow {
        id: it.organization_id,
        alias: some(it.organization_alias),
        budget_id: some(it.budget_id),
        stamp: stamp(now_ms, it.made),
        ..OrganizationRow::default()
    };
    row.doc.models = it.models;
    row.doc.metadata = it.metadata;
    row
}

fn user(it: User, now_ms: i64, notes: &mut Notes) -> UserRow {
    let mut row = UserRow {
        id: it.user_id,
        alias: some(it.user_alias),
        email: some(it.user_email),
        sso_id: some(it.sso_user_id),
        role: some(it.user_role),
        max_budget: it.max_budget,
        budget_id: None,
        stamp: stamp(now_ms, it.made),
        ..UserRow::default()
    };
    let doc = &mut row.doc;
    doc.models = it.models;
    doc.metadata = it.metadata;
    let limits = &mut doc.limits;
    limits.model_rpm_limit = notes.counts(&mut doc.metadata, "model_rpm_limit");
    limits.model_tpm_limit = notes.counts(&mut doc.metadata, "model_tpm_limit");
    keep(&mut doc.metadata, "policies", it.policies);
    take_limits!(limits, it, notes);
    doc.password_hash = some(it.password);
    keep(
        &mut doc.rest,
        "allowed_cache_controls",
        it.allowed_cache_controls,
    );
    notes.dropped(
        it.password_reset_required,
        "password_reset_required",
        "invite the user to choose another password",
    );
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;
    use serde_json::json;

    #[test]
    fn a_user_keeps_role_password_limits_and_metadata() {
        let mut notes = Notes::default();
        let metadata = json!({"team": "x", "model_rpm_limit": {"m": 3}});
        let row = user(
            User {
                user_id: "u".to_owned(),
                user_email: Some("u@example.com".to_owned()),
                user_alias: Some(String::new()),
                sso_user_id: Some("subject".to_owned()),
                password: Some("scrypt:abc".to_owned()),
                password_reset_required: true,
                user_role: Some("proxy_admin".to_owned()),
                max_budget: Usd::from_dollars(4.0),
                budget_duration: Some("1mo".to_owned()),
                rpm_limit: Some(9),
                metadata: metadata.as_object().cloned().unwrap_or_default(),
                policies: vec!["p".to_owned()],
                ..User::default()
            },
            5,
            &mut notes,
        );
        assert_eq!(
            (row.alias, row.email.as_deref()),
            (None, Some("u@example.com"))
        );
        assert_eq!(row.sso_id.as_deref(), Some("subject"));
        assert_eq!(row.role.as_deref(), Some("proxy_admin"));
        assert_eq!(row.max_budget, Usd::from_dollars(4.0));
        assert_eq!(row.doc.password_hash.as_deref(), Some("scrypt:abc"));
        assert_eq!(row.doc.limits.budget_duration.as_deref(), Some("1mo"));
        assert_eq!(row.doc.limits.rpm_limit, Some(9));
        assert_eq!(row.doc.limits.model_rpm_limit["m"], 3);
        assert_eq!(
            serde_json::Value::from(row.doc.metadata),
            json!({"team": "x", "policies": ["p"]})
        );
        assert!(notes.0[0].contains("password_reset_required"));
    }
}
