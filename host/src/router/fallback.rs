//! Where a call goes when its model group fails.

use std::collections::BTreeMap;

use crate::config::RouterSettings;
use crate::domain::{ErrorKind, Fault};

/// The groups to try after `group` failed with `fault`, in order: the list for this kind of fault,
/// else the plain list, else the default one.
pub fn fallbacks(settings: &RouterSettings, group: &str, fault: &Fault) -> Vec<String> {
    let special = match fault.kind {
        ErrorKind::ContextWindow => Some(&settings.context_window_fallbacks),
        ErrorKind::ContentPolicy => Some(&settings.content_policy_fallbacks),
        _ => None,
    };
    let of = |map: &BTreeMap<String, Vec<String>>| map.get(group).or_else(|| map.get("*")).cloned();
    let list = special.and_then(of).or_else(|| of(&settings.fallbacks));
    let list = list.unwrap_or_else(|| settings.default_fallbacks.clone());
    list.into_iter().filter(|name| name != group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};

    #[test]
    fn a_long_prompt_goes_to_its_own_fallback() {
        let text = "litellm_settings: {default_fallbacks: [d], fallbacks: [{g: [f]}], context_window_fallbacks: [{g: [long]}]}";
        let (config, _) = Config::parse(text, Env::default()).unwrap();
        let of = |kind, group: &str| fallbacks(&config.router, group, &Fault::upstream(kind, ""));
        assert_eq!(of(ErrorKind::ContextWindow, "g"), ["long"]);
        assert_eq!(of(ErrorKind::Upstream, "g"), ["f"]);
        assert_eq!(of(ErrorKind::Upstream, "other"), ["d"]);
    }

    #[test]
    fn a_group_that_nobody_names_goes_where_the_star_says() {
        let text = "router_settings: {fallbacks: [{g: [f]}, {'*': [s, g]}]}";
        let (config, _) = Config::parse(text, Env::default()).unwrap();
        let of = |kind, group: &str| fallbacks(&config.router, group, &Fault::upstream(kind, ""));
        assert_eq!(of(ErrorKind::Upstream, "other"), ["s", "g"]);
        assert_eq!(of(ErrorKind::Upstream, "g"), ["f"]);
        // Without lists of its own, a prompt that is too long goes where every failure goes.
        assert_eq!(of(ErrorKind::ContextWindow, "g"), ["f"]);
        assert_eq!(of(ErrorKind::ContentPolicy, "other"), ["s", "g"]);
    }
}
