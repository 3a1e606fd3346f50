//! What a call owes to the model group that it asks: budgets and limits that its holders have for a
//! model, and access groups with a budget that hold it. They are held while the group is asked, pay
//! for its attempts alone, and are left when the call goes on to another group.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::answer::Trail;
use super::super::request::ClientRequest;
use super::party::{Party, account, payer};
use super::{Accounting, Permit, Served, now_ms, opening, over_limit, quote, refused};
use crate::auth::{BudgetTerm, BudgetWindow, Caller, GroupBudget, Keys, LimitTerm};
use crate::budget::{AccountId, Hold, Reservation, Settled, Terms};
use crate::domain::{CostLine, Entity, EntityKind, Fault, Usd, glob};
use crate::limits::{Admission, Limits, Scope, ScopeKind, Tokens};

/// What holders say of single models.
#[derive(Debug, Clone, Default)]
pub struct Apart {
    pub budgets: Vec<BudgetTerm>,
    pub limits: Vec<LimitTerm>,
}

/// What asking a model group takes.
#[derive(Debug, Default)]
pub struct Dues {
    pub payers: Vec<Entity>,
    pub budgets: Vec<(AccountId, Terms)>,
    pub limits: Vec<(Scope, Limits)>,
}

/// What a call holds for the model group that it asks.
#[derive(Debug, Default)]
pub struct Held {
    pub payers: Vec<Entity>,
    pub reservation: Option<Reservation>,
    pub admission: Option<Admission>,
    /// How many attempts were billed before it was asked.
    before: usize,
    /// It is not the group that the call began with.
    moved: bool,
}

impl Served<'_> {
    /// Whether what is set for this name is for the model that is asked.
    fn is(&self, set_for: &str) -> bool {
        match self.groups {
            Some(groups) => groups.means(set_for, self.name),
            None => set_for == self.name,
        }
    }

    /// Whether the budget is for the model that is asked: for every model, or for this one.
    fn is_held_by(&self, term: &BudgetTerm) -> bool {
        match &term.window {
            BudgetWindow::Model(of) => self.is(of),
            _ => true,
        }
    }

    /// Whether an access group of the database holds the model; its names may have `*`.
    fn is_in(&self, group: &GroupBudget) -> bool {
        let found = self.groups.and_then(|it| it.find(self.name));
        let names = [Some(self.name), found.as_ref().map(|it| it.group.as_str())];
        let holds = |entry: &Arc<str>| {
            let mut names = names.iter().flatten();
            names.any(|it| glob::matches(entry, it)) || self.is(entry)
        };
        self.access_groups.contains(&&*group.name) || group.models.iter().any(holds)
    }
}

impl Party {
    /// What asking this model takes.
    ///
    /// # Errors
    /// What access groups may spend cannot be read.
    pub async fn dues(&self, keys: &Keys, served: &Served<'_>) -> Result<Dues, Fault> {
        let mut dues = Dues::default();
        let of_models = self.apart.budgets.iter();
        for term in of_models.filter(|it| served.is_held_by(it)) {
            dues.owe(term);
        }
        for term in &self.apart.limits {
            dues.limits.extend(scopes(term, served));
        }
        if let Some(all) = self.if_readable(keys.group_budgets().await)? {
            for group in all.groups.iter().filter(|it| served.is_in(it)) {
                let name = Arc::clone(&group.name);
                dues.pay(Entity::new(EntityKind::AccessGroup, name));
                for term in group.budgets.iter().filter(|it| served.is_held_by(it)) {
                    dues.owe(term);
                }
            }
        }
        Ok(dues)
    }
}

impl Dues {
    fn owe(&mut self, term: &BudgetTerm) {
        if let Some((id, terms)) = account(term) {
            self.pay(payer(&id));
            self.budgets.push((id, terms));
        }
    }

    fn pay(&mut self, entity: Entity) {
        if !self.payers.contains(&entity) {
            self.payers.push(entity);
        }
    }

    pub fn is_scope(&self, scope: &Scope) -> bool {
        self.limits.iter().any(|(it, _)| it == scope)
    }

    pub fn is_account(&self, id: &AccountId) -> bool {
        self.budgets.iter().any(|(it, _)| it == id)
    }
}

impl Held {
    /// What a call holds that has begun with this group.
    pub fn first(
        dues: Dues,
        reservation: &mut Option<Reservation>,
        admission: &mut Admission,
    ) -> Self {
        let whole = reservation.as_mut().filter(|_| !dues.budgets.is_empty());
        Self {
            reservation: whole.map(|it| it.split_off(|id| dues.is_account(id))),
            admission: (!dues.limits.is_empty())
                .then(|| admission.split_off(|scope| dues.is_scope(scope))),
            payers: dues.payers,
            ..Self::default()
        }
    }

    /// Who pays for a line of this group beside those who pay for all of them.
    pub fn of_line(&self) -> Option<Vec<Entity>> {
        self.moved.then(|| self.payers.clone())
    }

    /// Whether its accounts are named by lines.
    pub const fn is_by_line(&self) -> bool {
        self.moved
    }

    /// What its attempts have cost, as far as anyone knows.
    pub fn spent(&self, lines: &[CostLine]) -> Usd {
        let own = lines.iter().skip(self.before);
        own.filter_map(|it| it.cost).sum()
    }

    /// Its limits count what its attempts used, and nothing more.
    pub fn count(&mut self, lines: &[CostLine], now: i64) {
        let Some(mut admission) = self.admission.take() else {
            return;
        };
        let mut used = Tokens::NONE;
        for usage in lines.iter().skip(self.before).map(|it| &it.usage) {
            used.input = used.input.saturating_add(usage.input_tokens);
            used.output = used.output.saturating_add(usage.output_tokens);
        }
        admission.settle(used, now);
    }

    /// The group is asked no more: its accounts are charged for its attempts.
    pub fn settle(&mut self, spent: Usd, now: i64) -> Option<Settled> {
        let reservation = self.reservation.take()?;
        Some(reservation.settle(spent, now))
    }
}

impl Accounting {
    /// Whether the key's own budget for this model is spent.
    ///
    /// # Errors
    /// A payer is blocked or cannot be read.
    pub async fn model_is_spent(
        &self,
        caller: &Caller,
        request: &ClientRequest,
        served: &Served<'_>,
        now: i64,
    ) -> Result<bool, Fault> {
        let inner = &self.inner;
        let settings = inner.settings.load_full();
        let party = Party::of(caller, request, &inner.keys, &settings).await?;
        let dues = party.dues(&inner.keys, served).await?;
        for account in &dues.budgets {
            let is_keys = account.0.entity.kind == EntityKind::Key;
            if is_keys && inner.is_spent(account, now).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Permit {
    /// The call goes on to another model group: it leaves the accounts of the one before and holds
    /// those of this one, and of its other accounts what an attempt there may cost.
    ///
    /// # Errors
    /// A limit or a budget of the new group has no room, or its price is unknown: it is not to be
    /// asked.
    pub async fn turn_to(
        &mut self,
        request: &ClientRequest,
        served: &Served<'_>,
        trail: &Trail,
    ) -> Result<(), Fault> {
        let now = now_ms();
        let inner = Arc::clone(&self.inner);
        for line in &mut self.earlier {
            line.of_group
                .get_or_insert_with(|| self.group.payers.clone());
        }
        self.group.count(&self.earlier, now);
        let spent = self.group.spent(&self.earlier);
        if let Some(settled) = self.group.settle(spent, now) {
            self.inner.settled(settled, None);
        }
        self.group = Held {
            before: self.earlier.len(),
            moved: true,
            ..Held::default()
        };
        let dues = self.party.dues(&inner.keys, served).await?;
        let quote = quote::quote(request, &self.wishes, &served.prices);
        self.settings.allow_price(quote, served.name)?;
        let amount = opening(quote, self.settings.reserves);
        let status = self.settings.budget_status;
        let mut admission = None;
        if !dues.limits.is_empty() {
            let most = request.controls.max_output_tokens;
            let estimate = Tokens::estimate(self.input_tokens, most);
            let admitted = inner.limiter.let_in(&dues.limits, estimate, now).await;
            // Until the budgets have room as well.
            admission = Some(admitted.map_err(|it| over_limit(&it))?.tentative());
        }
        let mut hold = None;
        if !dues.budgets.is_empty() {
            let (path, unread) = inner.books().path(&dues.budgets, now).await?;
            self.unheld.extend(unread);
            let held = path.reserve(amount, now).await;
            hold = Some(held.map_err(|it| refused(&it, &self.party, status))?);
        }
        let spent = self.spent_earlier();
        if let Some(whole) = &mut self.reservation {
            let raised = whole.raise(amount.map(|it| it + spent), now);
            raised.map_err(|it| refused(&it, &self.party, status))?;
        }
        if let Some(admission) = &mut admission {
            admission.begin();
        }
        self.group.payers = dues.payers;
        self.group.reservation = hold.map(Hold::start);
        self.group.admission = admission;
        self.quote = quote;
        let held = quote.map_or(Usd::ZERO, |it| it.opening(super::SLICE) + spent);
        self.journaled = self.journaled.max(held);
        // The journal is told before anything is sent there, so that a kill is charged to it.
        self.noted = true;
        tracing::debug!(call.id = %trail.call_id, model = served.name, "the call counts for another model");
        Ok(())
    }
}

/// What a holder may do with the model that is asked, by each name under which it is limited.
fn scopes(term: &LimitTerm, served: &Served<'_>) -> Vec<(Scope, Limits)> {
    let kind = match term.entity.kind {
        EntityKind::Key => ScopeKind::ModelPerKey,
        EntityKind::User => ScopeKind::ModelPerUser,
        EntityKind::Team => ScopeKind::ModelPerTeam,
        EntityKind::Organization => ScopeKind::ModelPerOrganization,
        _ => return Vec::new(),
    };
    let both = term.model_rpm.iter().chain(&term.model_tpm);
    let names: BTreeSet<&Arc<str>> = both.map(|(name, _)| name).collect();
    let of = |list: &[(Arc<str>, u64)], name: &str| {
        let found = list.iter().find(|(it, _)| **it == *name);
        found.map(|(_, limit)| *limit)
    };
    let names = names.into_iter().filter(|it| served.is(it));
    names
        .map(|name| {
            let limits = Limits {
                requests_per_minute: of(&term.model_rpm, name),
                tokens_per_minute: of(&term.model_tpm, name),
                ..Limits::default()
            };
            let scope = Scope::new(kind, Arc::clone(&term.entity.id));
            (scope.on_model(Arc::clone(name)), limits)
        })
        .collect()
}
