//! Whether a caller may have a request passed on to a provider as it is. Its body is not the gateway's
//! to understand, so a caller that is limited to some models could reach the others by it.

use super::caller::Caller;
use super::customers::{MODEL_DENIED, allow_for_customer};
use super::grant::Grant;
use super::keys::Payer;
use super::models::{Catalog, allow_model};
use crate::domain::{ErrorKind, Fault};

/// LiteLLM's list of routes that a key or a team may pass through: each stands for all that is below it.
const ALLOWED: &str = "allowed_passthrough_routes";

/// LiteLLM's list of routes that a key or a team may not pass through, in the same way.
const DENIED: &str = "denied_passthrough_routes";

/// A name that no list has, by which a wildcard is known.
const ANY: &str = "\u{1}";

/// A request that is to be passed on.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'r> {
    /// As the client wrote it.
    pub path: &'r str,
    /// The same with its escapes read: a path may be written in more ways than one.
    pub plain: &'r str,
    /// None: an endpoint of the operator's.
    pub provider: Option<&'r str>,
    /// Every model that path, query and body name, with the model groups that stand for it.
    pub models: &'r [(String, Vec<String>)],
}

/// The name under which the first of the models counts, in limits and budgets: a model group, where one
/// stands for it. None: the request names no model.
///
/// # Errors
/// One of the models is not the caller's; or none is named, the caller is limited to models, and it was
/// not given the route.
pub fn allow_passing(
    caller: &Caller,
    catalog: &Catalog,
    passing: Passing<'_>,
) -> Result<Option<String>, Fault> {
    if let Some(route) = caller.grant().and_then(|it| denied(it, passing.plain)) {
        return Err(forbidden(passing.path, &route));
    }
    let mut names = Vec::with_capacity(passing.models.len());
    for (model, groups) in passing.models {
        names.push(name(caller, catalog, passing.provider, (model, groups))?);
    }
    if names.is_empty() && !may_any(caller, catalog, passing.provider) {
        let given = caller.grant().is_some_and(|it| is_given(it, passing.path));
        if !given {
            return Err(unreadable(passing.path));
        }
    }
    Ok(names.into_iter().next())
}

/// By its group, by `provider/model`, or by the provider's own name for it.
fn name(
    caller: &Caller,
    catalog: &Catalog,
    provider: Option<&str>,
    (model, groups): (&str, &[String]),
) -> Result<String, Fault> {
    let full = full_name(provider, model);
    let names = groups.iter().map(String::as_str);
    let mut names = names.chain(full.as_deref()).chain([model]);
    // An alias stands for another model, and the upstream knows nothing of it.
    let is_allowed =
        |name: &&str| allow_model(caller, catalog, name).is_ok_and(|it| it.target == *name);
    if let Some(name) = names.find(is_allowed) {
        return Ok(name.to_owned());
    }
    Err(match allow_model(caller, catalog, model) {
        Err(refusal) => refusal,
        Ok(_) => {
            let text = format!(
                "`{model}` is an alias of this key for another model, and a request that is passed \
                 on asks the provider for `{model}` itself"
            );
            Fault::caller(ErrorKind::Permission, text).with_param("model")
        }
    })
}

/// Lets a request pass whose every model is in the customer's `models`, under one of the names by which
/// it is known; one that names none passes for whoever is not limited to some of the provider's.
///
/// # Errors
/// `customer_model_access_denied` (403), with param `model`.
pub fn allow_passing_for(
    customer: &Payer,
    catalog: &Catalog,
    passing: Passing<'_>,
) -> Result<(), Fault> {
    let judge = |name: &str| allow_for_customer(customer, catalog, name, name);
    for (model, groups) in passing.models {
        let full = full_name(passing.provider, model);
        let mut others = groups.iter().map(String::as_str).chain(full.as_deref());
        if !others.any(|it| judge(it).is_ok()) {
            judge(model)?;
        }
    }
    let any = full_name(passing.provider, ANY);
    let mut probes = any.as_deref().into_iter().chain([ANY]);
    if passing.models.is_empty() && !probes.any(|it| judge(it).is_ok()) {
        let text = format!(
            "this customer is limited to models, and the request to {} names none that the gateway \
             can read: make it on nobody's behalf, or widen the customer's `models` by \
             `/customer/update`",
            passing.path
        );
        let fault = Fault::caller(ErrorKind::Permission, text).with_param("model");
        return Err(fault.with_type(MODEL_DENIED));
    }
    Ok(())
}

fn full_name(provider: Option<&str>, model: &str) -> Option<String> {
    provider.map(|it| format!("{it}/{model}"))
}

/// Whether every model of the provider is the caller's.
fn may_any(caller: &Caller, catalog: &Catalog, provider: Option<&str>) -> bool {
    let of_provider = full_name(provider, ANY);
    let mut probes = of_provider.as_deref().into_iter().chain([ANY]);
    probes.any(|it| allow_model(caller, catalog, it).is_ok())
}

/// Whether a key, or its team, was given this route. Only admins give routes so: the key's own
/// `allowed_routes` is its holder's to write, and takes away only.
fn is_given(grant: &Grant, path: &str) -> bool {
    listed(grant, ALLOWED).any(|route| is_below(path, route))
}

/// The entry by which a key, or its team, is kept from a route.
fn denied(grant: &Grant, plain: &str) -> Option<String> {
    let mut entries = listed(grant, DENIED);
    let found = entries.find(|route| is_below(plain, route.trim_end_matches('*')));
    found.map(str::to_owned)
}

/// What stands in a list of the key and of its team.
fn listed<'g>(grant: &'g Grant, name: &'static str) -> impl Iterator<Item = &'g str> {
    let of_key = grant.key.as_ref().map(|it| &it.metadata);
    let of_team = grant.team.as_ref().map(|it| &it.metadata);
    let lists = [of_key, of_team].into_iter().flatten();
    lists
        .filter_map(move |it| it.get(name)?.as_array())
        .flatten()
        .filter_map(|it| it.as_str())
}

fn is_below(path: &str, route: &str) -> bool {
    let rest = path.strip_prefix(route.trim_end_matches('/'));
    route.starts_with('/') && rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

fn forbidden(path: &str, route: &str) -> Fault {
    let text = format!(
        "this key may not have requests passed on to {path}. Matched `{route}` in `{DENIED}` of the \
         key or its team; an admin may take it out by `/key/update` or `/team/update`"
    );
    Fault::caller(ErrorKind::Permission, text)
}

fn unreadable(path: &str) -> Fault {
    let text = format!(
        "this key is limited to models, and the request to {path} names none that the gateway can \
         read: give the key or its team the route by `{ALLOWED}`"
    );
    Fault::caller(ErrorKind::Permission, text)
        .with_param("model")
        .with_type("key_model_access_denied")
}
