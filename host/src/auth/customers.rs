//! Which models may be asked on behalf of a customer, whom LiteLLM also calls an end user.

use super::keys::Payer;
use super::models::{ALL_PROXY_MODELS, Catalog, is_no_model};
use crate::domain::{ErrorKind, Fault, glob};

/// The type of a refusal by a customer's `models`.
pub(super) const MODEL_DENIED: &str = "customer_model_access_denied";

/// Lets a model pass that is in the customer's `models`, by the name that was asked for or by what
/// it stands for (`target`). It opens nothing that the caller may not ask for: that is asked first.
///
/// # Errors
/// `customer_model_access_denied` (403), with param `model`.
pub fn allow_for_customer(
    customer: &Payer,
    catalog: &Catalog,
    asked: &str,
    target: &str,
) -> Result<(), Fault> {
    let group = catalog.group_of(target);
    let listed = |name: &str| {
        let mut entries = customer.models.iter();
        entries.any(|entry| fits(customer, catalog, entry, name))
    };
    if customer.models.is_empty() || listed(group) || listed(asked) {
        return Ok(());
    }
    let message = format!(
        "The requested model '{asked}' is not in the allowed models for this customer. Ask for \
         another, or add it to the customer's `models` by `/customer/update`"
    );
    let fault = Fault::caller(ErrorKind::Permission, message).with_param("model");
    Err(fault.with_type(MODEL_DENIED))
}

fn fits(customer: &Payer, catalog: &Catalog, entry: &str, model: &str) -> bool {
    if is_no_model(entry) {
        return entry == ALL_PROXY_MODELS;
    }
    let mut rows = customer.access_groups.iter();
    glob::matches(entry, model)
        || catalog.in_access_group(model, entry)
        || rows.any(|row| {
            let mut models = row.models.iter();
            *row.name == *entry && models.any(|it| glob::matches(it, model))
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::auth::{AccessGroup, CatalogModel};

    fn catalog() -> Catalog {
        let model = CatalogModel {
            name: "gpt-4o".into(),
            access_groups: vec!["best".into()],
            teams: Vec::new(),
            is_open: true,
        };
        Catalog::new([model], [("d1".into(), "gpt-4o".into())])
    }

    fn may(models: &[&str], asked: &str, target: &str) -> bool {
        let customer = Payer {
            models: models.iter().map(|it| Arc::from(*it)).collect(),
            access_groups: vec![AccessGroup {
                name: "cheap".into(),
                models: vec!["small-*".into()],
            }],
            ..Payer::default()
        };
        let said = allow_for_customer(&customer, &catalog(), asked, target);
        if let Err(fault) = &said {
            assert_eq!(fault.param.as_deref(), Some("model"));
            assert!(fault.message.contains(&format!("'{asked}'")), "{fault}");
        }
        said.is_ok()
    }

    #[test]
    fn a_customer_is_kept_to_its_list() {
        assert!(may(&[], "claude", "claude"));
        assert!(may(&["claude"], "claude", "claude"));
        assert!(!may(&["claude"], "gpt-4o", "gpt-4o"));
        assert!(may(&["gpt-*"], "gpt-4o", "gpt-4o"));
        assert!(may(&["all-proxy-models"], "gpt-4o", "gpt-4o"));
        assert!(!may(&["no-default-models"], "gpt-4o", "gpt-4o"));
    }

    #[test]
    fn groups_aliases_and_deployments_are_judged_by_what_they_stand_for() {
        assert!(may(&["best"], "gpt-4o", "gpt-4o") && !may(&["best"], "claude", "claude"));
        assert!(may(&["cheap"], "small-1", "small-1") && !may(&["cheap"], "gpt-4o", "gpt-4o"));
        assert!(may(&["fast"], "fast", "gpt-4o") && may(&["gpt-4o"], "fast", "gpt-4o"));
        assert!(may(&["gpt-4o"], "d1", "d1") && !may(&["claude"], "d1", "d1"));
    }
}
