//! Everyone a call counts for: who pays, whose limits hold, and what the spend row says of them.

use std::sync::Arc;

use crate::auth::{BudgetTerm, BudgetWindow, Caller, Grant, GroupBudget, Keys, LimitTerm};
use crate::budget::{AccountId, Increase, Period, Terms, Window};
use crate::domain::{Entity, EntityKind, Fault, glob};
use crate::limits::{Limits, Scope, ScopeKind};

use super::super::request::ClientRequest;
use super::AccountingSettings;

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
    /// Accounts with a budget, and what they may hold.
    pub budgets: Vec<(AccountId, Terms)>,
    pub limits: Vec<(Scope, Limits)>,
    /// Everyone whose spend the call adds to, budget or not.
    pub payers: Vec<Entity>,
    pub(super) goes_without_accounts: bool,
}

impl Party {
    /// The caller, and whom the request names beside it. `access_groups` are those that the config
    /// puts the model into.
    ///
    /// # Errors
    /// An end user who is blocked, or the database cannot be asked for one.
    pub async fn of(
        caller: &Caller,
        request: &ClientRequest,
        keys: &Keys,
        settings: &AccountingSettings,
        access_groups: &[&str],
    ) -> Result<Self, Fault> {
        let mut party = Self {
            key_hash: MASTER.to_owned(),
            key_shown: "Key=the master key".to_owned(),
            goes_without_accounts: settings.goes_without_accounts,
            ..Self::default()
        };
        let model = request.controls.model.as_str();
        if let Some(grant) = caller.grant() {
            party.take_grant(grant, model);
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
            party
                .take_other(keys, EntityKind::EndUser, id, model)
                .await?;
        }
        party.take_groups(keys, model, access_groups).await?;
        for tag in &request.controls.tags {
            party.add_tag(tag);
        }
        for tag in party.tags.clone() {
            party.take_other(keys, EntityKind::Tag, &tag, model).await?;
        }
        Ok(party)
    }

    fn take_grant(&mut self, grant: &Arc<Grant>, model: &str) {
        if let Some(key) = &grant.key {
            self.key_hash = key.hash.as_str().to_owned();
            self.key_alias = key.alias.as_deref().map(str::to_owned);
            let alias = key.alias.as_deref().unwrap_or("key");
            self.key_shown = format!("Key={alias} ({})", key.name);
            self.pay(Entity::new(EntityKind::Key, key.hash.as_str()));
        }
        let text = |it: &Arc<str>| it.as_ref().to_owned();
        self.user_id = grant.user.as_ref().map(|it| text(&it.id));
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
        self.take_terms(&grant.budgets, &grant.limits, model);
    }

    fn add_tag(&mut self, tag: &str) {
        if !self.tags.iter().any(|it| it == tag) {
            self.tags.push(tag.to_owned());
        }
    }

    /// An end user or a tag, with its own row if there is one.
    async fn take_other(
        &mut self,
        keys: &Keys,
        kind: EntityKind,
        id: &str,
        model: &str,
    ) -> Result<(), Fault> {
        self.pay(Entity::new(kind, id));
        let Some(row) = self.if_readable(keys.payer(kind, id).await)? else {
            return Ok(());
        };
        if row.blocked {
            let message =
                format!("the end user `{id}` is blocked; unblock it by `/customer/unblock`");
            return Err(
                Fault::caller(crate::domain::ErrorKind::Permission, message).with_param("user")
            );
        }
        self.take_terms(&row.budgets, &row.limits, model);
        if kind == EntityKind::EndUser {
            self.region.clone_from(&row.allowed_model_region);
        }
        Ok(())
    }

    /// The access groups that the model is in, of which any has a budget.
    async fn take_groups(
        &mut self,
        keys: &Keys,
        model: &str,
        of_config: &[&str],
    ) -> Result<(), Fault> {
        let Some(all) = self.if_readable(keys.group_budgets().await)? else {
            return Ok(());
        };
        let holds = |group: &&GroupBudget| {
            let mut models = group.models.iter();
            of_config.contains(&&*group.name) || models.any(|it| glob::matches(it, model))
        };
        for group in all.groups.iter().filter(holds) {
            self.pay(Entity::new(
                EntityKind::AccessGroup,
                Arc::clone(&group.name),
            ));
            self.take_terms(&group.budgets, &[], model);
        }
        Ok(())
    }

    /// What was read, or nothing where the call goes without what cannot be read.
    fn if_readable<T>(&self, read: Result<Option<T>, Fault>) -> Result<Option<T>, Fault> {
        match read {
            Err(fault) if self.goes_without_accounts => {
                tracing::warn!(%fault, "a call goes without the limits of a payer that cannot be read");
                Ok(None)
            }
            read => read,
        }
    }

    fn take_terms(&mut self, budgets: &[BudgetTerm], limits: &[LimitTerm], model: &str) {
        for term in budgets {
            if let Some((id, terms)) = account(term, model) {
                // Windows of models are accounts of their own, beside the holder's.
                self.pay(payer(&id));
                self.budgets.push((id, terms));
            }
        }
        for term in limits {
            self.limits.extend(scopes(term, model));
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

/// The account of a term, if it is about this model.
fn account(term: &BudgetTerm, model: &str) -> Option<(AccountId, Terms)> {
    // Rows are checked when they are written; what cannot be read any more never resets.
    let period = term
        .duration
        .as_deref()
        .and_then(|it| it.parse::<Period>().ok());
    let window = match &term.window {
        BudgetWindow::Whole => Window::Whole,
        BudgetWindow::Limit => Window::Limit(period?),
        BudgetWindow::Model(of) if **of == *model => Window::Model(Arc::clone(of)),
        BudgetWindow::Model(_) => return None,
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

fn scopes(term: &LimitTerm, model: &str) -> Vec<(Scope, Limits)> {
    let kinds = match term.entity.kind {
        EntityKind::Key => Some((ScopeKind::Key, Some(ScopeKind::ModelPerKey))),
        EntityKind::User => Some((ScopeKind::User, None)),
        EntityKind::Team => Some((ScopeKind::Team, Some(ScopeKind::ModelPerTeam))),
        EntityKind::TeamMember => Some((ScopeKind::TeamMember, None)),
        EntityKind::Organization => Some((ScopeKind::Organization, None)),
        EntityKind::EndUser => Some((ScopeKind::EndUser, None)),
        EntityKind::Tag => Some((ScopeKind::Tag, None)),
        EntityKind::Deployment => Some((ScopeKind::Deployment, None)),
        EntityKind::AccessGroup | EntityKind::Provider | EntityKind::Proxy => None,
    };
    let Some((kind, per_model)) = kinds else {
        return Vec::new();
    };
    let id = Arc::clone(&term.entity.id);
    let mut scopes = vec![(
        Scope::new(kind, Arc::clone(&id)),
        Limits {
            requests_per_minute: term.rpm,
            tokens_per_minute: term.tpm,
            tokens_per_day: term.tpd,
            max_parallel_requests: term.parallel,
        },
    )];
    let of_model = |list: &[(Arc<str>, u64)]| {
        let found = list.iter().find(|(name, _)| **name == *model);
        found.map(|(_, limit)| *limit)
    };
    if let Some(kind) = per_model {
        let limits = Limits {
            requests_per_minute: of_model(&term.model_rpm),
            tokens_per_minute: of_model(&term.model_tpm),
            ..Limits::default()
        };
        scopes.push((Scope::new(kind, id).on_model(model), limits));
    }
    scopes.retain(|(_, limits)| !limits.is_none());
    scopes
}
