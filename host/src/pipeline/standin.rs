//! The model that is asked in place of the one that a client names: where its customer is kept to a
//! region that has none of it, and where the key's own budget for it is spent. What the customer's
//! `models` do not hold is refused.

use std::sync::Arc;

use super::accounting::now_ms;
use super::remote::Allow;
use super::request::ClientRequest;
use super::run::{Pipeline, served};
use crate::auth::{Caller, Catalog, Payer, allow_for_customer};
use crate::config::{Groups, Region};
use crate::domain::{EntityKind, ErrorKind, Fault};

impl Pipeline {
    /// The request, for the model that is to be asked. `allow` says which models are the caller's,
    /// `catalog` what groups and deployments in a customer's list stand for.
    ///
    /// # Errors
    /// The customer's `models` have not what is asked, or a fallback of the client's own; or it is
    /// kept to a region that has neither the model nor its `default_model`; or it is not known for
    /// now.
    pub async fn stand_in(
        &self,
        caller: &Caller,
        mut request: Box<ClientRequest>,
        (allow, catalog): (Allow<'_>, &Catalog),
    ) -> Result<Box<ClientRequest>, Fault> {
        let Some(customer) = self.customer(caller, &request).await? else {
            self.leave_spent(caller, &mut request, allow).await?;
            return Ok(request);
        };
        let fleet = self.fleet();
        let judge = |asked: &str, target: &str| {
            let target = fleet.config.groups.unaliased(target);
            allow_for_customer(&customer, catalog, asked, target)
        };
        self.keep_to_list(caller, &mut request, &judge)?;
        let allow = |model: &str| {
            let target = allow(model)?;
            judge(model, &target)?;
            Ok(target)
        };
        if let Some(region) = customer.allowed_model_region.as_deref() {
            let region = Region::parse(region).ok_or_else(|| unknown_region(region))?;
            self.keep_to(region, &customer, &mut request, &allow)?;
        }
        self.leave_spent(caller, &mut request, &allow).await?;
        Ok(request)
    }

    /// `models` of the customer: they hold for what a client falls back to as well, and bar what
    /// its key's own settings would. The operator's own fallbacks are the operator's word.
    fn keep_to_list(
        &self,
        caller: &Caller,
        request: &mut ClientRequest,
        judge: &dyn Fn(&str, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let controls = &mut request.controls;
        judge(&controls.asked, &controls.model)?;
        let own = controls.fallbacks.iter().flatten();
        let long = controls.context_window_fallbacks.values();
        for model in own.map(|it| &it.model).chain(long) {
            judge(model, model)?;
        }
        let own = self.fleet().own_routing(caller);
        let barred = own.iter().flat_map(|it| &it.fallbacks);
        let barred = barred.filter(|it| judge(it, it).is_err());
        controls.barred.extend(barred.cloned());
        Ok(())
    }

    /// The customer on whose behalf a request is made, where it names one that there is.
    ///
    /// # Errors
    /// It is not known for now, and calls do not go without.
    pub async fn customer(
        &self,
        caller: &Caller,
        request: &ClientRequest,
    ) -> Result<Option<Arc<Payer>>, Fault> {
        let named = caller.grant().and_then(|it| it.end_user.as_deref());
        let Some(id) = named.or(request.controls.user.as_deref()) else {
            return Ok(None);
        };
        let keys = self.accounting().keys();
        match keys.payer(EntityKind::EndUser, id).await {
            // Whether a call goes without is decided where it is admitted.
            Err(_) if self.accounting().goes_without_accounts() => Ok(None),
            found => found,
        }
    }

    fn keep_to(
        &self,
        region: Region,
        customer: &Payer,
        request: &mut ClientRequest,
        allow: Allow<'_>,
    ) -> Result<(), Fault> {
        let fleet = self.fleet();
        let groups = &fleet.config.groups;
        request.controls.region = Some(region);
        let asked = request.controls.model.clone();
        if groups.find(&asked).is_none() || is_in(groups, &asked, region) {
            return Ok(());
        }
        let Some(default) = customer.default_model.as_deref() else {
            return Err(nowhere(region, &request.controls.asked, None));
        };
        let target = allow(default)?;
        if !is_in(groups, &target, region) {
            return Err(nowhere(region, &request.controls.asked, Some(default)));
        }
        tracing::debug!(call.id = %request.id, model.group = %target, "a customer's default model is asked");
        request.controls.model = target;
        Ok(())
    }

    /// `budget_fallbacks` of the key: the first model of the list that is in its budget.
    async fn leave_spent(
        &self,
        caller: &Caller,
        request: &mut ClientRequest,
        allow: Allow<'_>,
    ) -> Result<(), Fault> {
        let key = caller.grant().and_then(|it| it.key.as_ref());
        let Some(key) = key.filter(|it| !it.budget_fallbacks.is_empty()) else {
            return Ok(());
        };
        let fleet = self.fleet();
        let groups = &fleet.config.groups;
        let (accounting, prices) = (self.accounting(), self.accounting().prices());
        let asked = request.controls.model.as_str();
        let mut lists = key.budget_fallbacks.iter();
        let list =
            lists.find(|(name, _)| **name == *request.controls.asked || groups.means(name, asked));
        let Some((_, list)) = list else {
            return Ok(());
        };
        let is_spent = async |model: &str| {
            let offered = served(&fleet, &prices, model);
            accounting
                .model_is_spent(caller, request, &offered, now_ms())
                .await
        };
        if !is_spent(asked).await? {
            return Ok(());
        }
        for name in list {
            // What the holder of a key may not ask for is no way out either.
            let Ok(target) = allow(name) else { continue };
            if groups.find(&target).is_some() && !is_spent(&target).await? {
                tracing::info!(
                    call.id = %request.id, model.group = %target,
                    "the key's budget for the model is spent: another is asked"
                );
                request.controls.model = target;
                return Ok(());
            }
        }
        // The refusal is the budget's own.
        Ok(())
    }
}

fn is_in(groups: &Groups, model: &str, region: Region) -> bool {
    let found = groups.find(model);
    found.is_some_and(|it| it.deployments.iter().any(|it| region.has(it)))
}

fn nowhere(region: Region, asked: &str, default: Option<&str>) -> Fault {
    let region = region.as_str();
    let message = match default {
        None => format!(
            "no deployment of `{asked}` is in the region `{region}`, to which this end user is kept: \
             set `region_name` of a deployment there, or the end user's `default_model`"
        ),
        Some(default) => format!(
            "no deployment of `{asked}`, nor of the end user's `default_model` `{default}`, is in the \
             region `{region}`, to which this end user is kept: set `region_name` of one there"
        ),
    };
    Fault::caller(ErrorKind::Permission, message).with_param("model")
}

/// Rows that came from elsewhere may have others: the call goes nowhere.
fn unknown_region(region: &str) -> Fault {
    let message = format!(
        "this end user is kept to the region `{region}`, which is none that the gateway knows: set \
         `allowed_model_region` to `eu` or `us`"
    );
    Fault::caller(ErrorKind::Permission, message).with_param("user")
}
