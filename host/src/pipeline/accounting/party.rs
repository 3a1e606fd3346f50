//! Everyone a call counts for: who pays, whose limits hold, and what the spend row says of them.

use std::sync::Arc;

use crate::auth::{BudgetTerm, BudgetWindow, Caller, Grant, Identity, Keys, LimitTerm};
use crate::budget::{AccountId, Increase, Period, Terms, Window};
use crate::domain::{Entity, EntityKind, ErrorKind, Fault};
use crate::limits::{Limits, Scope, ScopeKind};

use super::super::request::ClientRequest;
use super::group::Apart;
use super::{AccountingSettings, now_ms};

/// What LiteLLM's spend rows call the master key.
const MASTER: &str = "litellm_proxy_master_key";

/// Everyone a call counts for.
#[derive(Debug, Clone, Default)]
pub struct Party {
    pub key_hash: String,
    pub key_alias: Option<String>,
    /// How errors name the key: `Key=alias (sk-...1234)`.
    pub key_shown: String,
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    /// The end user's `allowed_model_region`.
    pub region: Option<Arc<str>>,
    pub tags: Vec<String>,
    /// Accounts with a budget, and what they may hold, whichever model is asked.
    pub budgets: Vec<(AccountId, Terms)>,
    pub limits: Vec<(Scope, Limits)>,
    /// Everyone whose spend the call adds to, budget or not.
    pub payers: Vec<Entity>,
    /// What its holders say of single models.
    pub(super) apart: Apart,
    pub(super) goes_without_accounts: bool,
}

impl Party {
    /// The caller by its names, without anything that it pays or is limited by.
    pub(super) fn named(caller: &Caller) -> Self {
        let mut party = Self {
            key_hash: MASTER.to_owned(),
            ..Self::default()
        };
        if let Some(grant) = caller.grant() {
            party.take_grant(grant, None);
        }
        party
    }

    /// The caller, and whom the request names beside it.
    ///
    /// # Errors
    /// An end user who is blocked, or the database cannot be asked for one.
    pub async fn of(
        caller: &Caller,
        request: &ClientRequest,
        keys: &Keys,
        settings: &AccountingSettings,
    ) -> Result<Self, Fault> {
        let mut party = Self {
            key_hash: MASTER.to_owned(),
            key_shown: "Key=the master key".to_owned(),
            goes_without_accounts: settings.goes_without_accounts,
            ..Self::default()
        };
        let user = request.controls.internal_user.as_deref();
        if let Some(grant) = caller.grant() {
            party.take_grant(grant, user);
        }
        if let Some(user) = user {
            party.take_user(keys, user).await?;
        }
        party.pay(Entity::new(EntityKind::Proxy, ""));
        if let Some(terms) = &settings.proxy_budget {
            let id = AccountId::whole(Entity::new(EntityKind::Proxy, ""));
            party.budgets.push((id, terms.clone()));
        }
        if settings.max_parallel_requests.is_some() {
            let limits = Limits {
                max_parallel_requests: settings.max_parallel_requests,
                ..Limits::default()
            };
            party
                .limits
                .push((Scope::new(ScopeKind::Gateway, ""), limits));
        }
        let named = caller.grant().and_then(|it| it.end_user.as_deref());
        let end_user = named.or(request.controls.user.as_deref());
        if let Some(id) = end_user {
            party.end_user = Some(id.to_owned());
            party.take_other(keys, EntityKind::EndUser, id).await?;
        }
        for tag in &request.controls.tags {
            party.add_tag(tag);
        }
        for tag in party.tags.clone() {
            party.take_other(keys, EntityKind::Tag, &tag).await?;
        }
        for term in caller.grant().into_iter().flat_map(|it| &it.limits) {
            party.limit_tags(term);
        }
        Ok(party)
    }

    /// `user`: whose spend the call is, in place of the key's own user.
    fn take_grant(&mut self, grant: &Arc<Grant>, user: Option<&str>) {
        if let Some(key) = &grant.key {
            self.key_hash = key.hash.as_str().to_owned();
            self.key_alias = key.alias.as_deref().map(str::to_owned);
            let alias = key.alias.as_deref().unwrap_or("key");
            self.key_shown = format!("Key={alias} ({})", key.name);
            self.pay(Entity::new(EntityKind::Key, key.hash.as_str()));
        }
        let text = |it: &Arc<str>| it.as_ref().to_owned();
        let own = grant.user.as_ref().map(|it| text(&it.id));
        self.user_id = user.map(str::to_owned).or(own);
        self.team_id = grant.team.as_ref().map(|it| text(&it.id));
        self.organization_id = grant.organization.as_ref().map(|it| text(&it.id));
        let ids = [
            (EntityKind::User, self.user_id.clone()),
            (EntityKind::Team, self.team_id.clone()),
            (EntityKind::Organization, self.organization_id.clone()),
        ];
        for (kind, id) in ids {
            if let Some(id) = id {
                self.pay(Entity::new(kind, id));
            }
        }
        if let (Some(team), Some(user)) = (&self.team_id, &self.user_id) {
            self.pay(Entity::new(
                EntityKind::TeamMember,
                format!("{team}/{user}"),
            ));
        }
        for tag in &grant.tags {
            self.add_tag(tag);
        }
        self.take_terms(&grant.budgets, &grant.limits);
    }

    /// The user whose spend the call is by a header: its budget and limits hold too, if there is one.
    async fn take_user(&mut self, keys: &Keys, id: &str) -> Result<(), Fault> {
        self.user_id = Some(id.to_owned());
        self.pay(Entity::new(EntityKind::User, id));
        let who = Identity {
            user_id: self.user_id.clone(),
            ..Identity::default()
        };
        let Some(grant) = self.if_readable(keys.identity(&who, now_ms()).await)? else {
            return Ok(());
        };
        if grant.user.as_ref().is_some_and(|it| it.blocked) {
            let message = format!("the user `{id}` is blocked");
            return Err(Fault::caller(ErrorKind::Permission, message).with_param("user"));
        }
        self.take_terms(&grant.budgets, &grant.limits);
        Ok(())
    }

    /// `tag_rpm_limit` of a key: calls with a tag.
    fn limit_tags(&mut self, term: &LimitTerm) {
        let key = &term.entity.id;
        for (tag, limit) in &term.tag_rpm {
            if self.tags.iter().any(|it| **it == **tag) {
                let limits = Limits {
                    requests_per_minute: Some(*limit),
                    ..Limits::default()
                };
                let scope = Scope::new(ScopeKind::TagPerKey, format!("{key}:{tag}"));
                self.limits.push((scope, limits));
            }
        }
    }

    fn add_tag(&mut self, tag: &str) {
        if !self.tags.iter().any(|it| it == tag) {
            self.tags.push(tag.to_owned());
        }
    }

    /// An end user or a tag, with its own row if there is one.
    async fn take_other(&mut self, keys: &Keys, kind: EntityKind, id: &str) -> Result<(), Fault> {
        self.pay(Entity::new(kind, id));
        let Some(row) = self.if_readable(keys.payer(kind, id).await)? else {
            return Ok(());
        };
        if row.blocked {
            let message =
                format!("the end user `{id}` is blocked; unblock it by `/customer/unblock`");
            return Err(Fault::caller(ErrorKind::Permission, message).with_param("user"));
        }
        self.take_terms(&row.budgets, &row.limits);
        if kind == EntityKind::EndUser {
            self.region.clone_from(&row.allowed_model_region);
        }
        Ok(())
    }

    /// What was read, or nothing where the call goes without what cannot be read.
    pub(super) fn if_readable<T>(
        &self,
        read: Result<Option<T>, Fault>,
    ) -> Result<Option<T>, Fault> {
        match read {
            Err(fault) if self.goes_without_accounts => {
                tracing::warn!(%fault, "a call goes without the limits of a payer that cannot be read");
                Ok(None)
            }
            read => read,
        }
    }

    fn take_terms(&mut self, budgets: &[BudgetTerm], limits: &[LimitTerm]) {
        for term in budgets {
            if matches!(term.window, BudgetWindow::Model(_)) {
                self.apart.budgets.push(term.clone());
            } else if let Some((id, terms)) = account(term) {
                self.pay(payer(&id));
                self.budgets.push((id, terms));
            }
        }
        for term in limits {
            self.limits.extend(scope(term));
            if !term.model_rpm.is_empty() || !term.model_tpm.is_empty() {
                self.apart.limits.push(term.clone());
            }
        }
    }

    fn pay(&mut self, entity: Entity) {
        if !self.payers.contains(&entity) {
            self.payers.push(entity);
        }
    }

    /// How an error names the holder of an account.
    pub fn shown(&self, entity: &Entity) -> String {
        match entity.kind {
            EntityKind::Key => self.key_shown.clone(),
            EntityKind::User => format!("User={}", entity.id),
            EntityKind::Team => format!("Team={}", entity.id),
            EntityKind::TeamMember => {
                let user = self.user_id.as_deref().unwrap_or_default();
                let team = self.team_id.as_deref().unwrap_or_default();
                format!("User={user} in Team={team}")
            }
            EntityKind::Organization => format!("Organization={}", entity.id),
            EntityKind::EndUser => format!("End User={}", entity.id),
            EntityKind::Tag => format!("Tag={}", entity.id),
            EntityKind::AccessGroup => format!("Model access group={}", entity.id),
            EntityKind::Provider => format!("Provider={}", entity.id),
            EntityKind::Deployment => format!("Deployment={}", entity.id),
            EntityKind::Proxy => "Proxy".to_owned(),
        }
    }
}

/// Whose account in the database an account of the ledger is: a model's window counts the spend on
/// that model only, so it is an entity of its own there.
pub fn payer(id: &AccountId) -> Entity {
    match &id.window {
        Window::Whole | Window::Limit(_) => id.entity.clone(),
        Window::Model(model) => id.entity.of_model(model),
    }
}

/// The account of a term. None: it cannot be read.
pub(super) fn account(term: &BudgetTerm) -> Option<(AccountId, Terms)> {
    // Rows are checked when they are written; what cannot be read any more never resets.
    let period = term
        .duration
        .as_deref()
        .and_then(|it| it.parse::<Period>().ok());
    let window = match &term.window {
        BudgetWindow::Whole => Window::Whole,
        BudgetWindow::Limit => Window::Limit(period?),
        BudgetWindow::Model(of) => Window::Model(Arc::clone(of)),
    };
    let terms = Terms {
        max_budget: term.max,
        soft_budget: term.soft,
        period,
        resets_at_ms: None,
        increase: term
            .increase
            .map(|(by, until_ms)| Increase { by, until_ms }),
    };
    let id = AccountId {
        entity: term.entity.clone(),
        window,
    };
    Some((id, terms))
}

/// What a holder may do in all, if that is limited.
fn scope(term: &LimitTerm) -> Option<(Scope, Limits)> {
    let kind = match term.entity.kind {
        EntityKind::Key => ScopeKind::Key,
        EntityKind::User => ScopeKind::User,
        EntityKind::Team => ScopeKind::Team,
        EntityKind::TeamMember => ScopeKind::TeamMember,
        EntityKind::Organization => ScopeKind::Organization,
        EntityKind::EndUser => ScopeKind::EndUser,
        EntityKind::Tag => ScopeKind::Tag,
        EntityKind::Deployment => ScopeKind::Deployment,
        EntityKind::AccessGroup | EntityKind::Provider | EntityKind::Proxy => return None,
    };
    let limits = Limits {
        requests_per_minute: term.rpm,
        tokens_per_minute: term.tpm,
        tokens_per_day: term.tpd,
        max_parallel_requests: term.parallel,
    };
    let scope = Scope::new(kind, Arc::clone(&term.entity.id));
    (!limits.is_none()).then_some((scope, limits))
}
