//! Where calls go when their model group fails: the lists of `router_settings` and of
//! `litellm_settings`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::groups::Groups;
use super::remarks::{Remarks, Taken, hint};
use super::routing::RouterSettings;
use super::section::{Section, kind};

/// The lists of one section, with where they stand.
#[derive(Debug, Default)]
pub struct Fallbacks {
    section: String,
    lists: [(&'static str, BTreeMap<String, Vec<String>>); 3],
    default: Vec<String>,
    max: Option<u32>,
}

impl Fallbacks {
    /// Reads them out of a section that has them.
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let names = [
            "fallbacks",
            "context_window_fallbacks",
            "content_policy_fallbacks",
        ];
        Self {
            section: section.at(""),
            lists: names.map(|name| (name, lists(section, name))),
            default: section.texts("default_fallbacks").unwrap_or_default(),
            max: section.count("max_fallbacks"),
        }
    }

    /// Warns of names that are no model group.
    pub fn check(&self, groups: &Groups, remarks: &mut Remarks) {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for (list, map) in &self.lists {
            for (group, targets) in map {
                names.extend(targets.iter().map(|it| (*list, it.as_str())));
                names.extend((group != "*").then_some((*list, group.as_str())));
            }
        }
        let default = self.default.iter().map(String::as_str);
        names.extend(default.map(|it| ("default_fallbacks", it)));
        for (list, name) in names {
            if groups.resolve(name).is_none() {
                let hint = hint(name, groups.names());
                let text = format!("names `{name}`, which is no model group{hint}");
                remarks.say(Taken::Warning, format!("{}{list}", self.section), text);
            }
        }
        for (list, map) in &self.lists {
            for circle in circles(map) {
                let text = format!("goes in a circle: {circle}; a call asks each group once");
                remarks.say(Taken::Warning, format!("{}{list}", self.section), text);
            }
        }
    }

    /// Puts the lists of both sections into the settings; what `router_settings` has counts.
    pub fn settle(router: Self, litellm: Self, settings: &mut RouterSettings) {
        let max = router.max.or(litellm.max);
        settings.max_fallbacks = max.unwrap_or(settings.max_fallbacks);
        for own in [router, litellm] {
            let [(_, any), (_, window), (_, policy)] = own.lists;
            for (target, more) in [
                (&mut settings.fallbacks, any),
                (&mut settings.context_window_fallbacks, window),
                (&mut settings.content_policy_fallbacks, policy),
            ] {
                for (group, list) in more {
                    target.entry(group).or_insert(list);
                }
            }
            if settings.default_fallbacks.is_empty() {
                settings.default_fallbacks = own.default;
            }
        }
    }
}

/// `[{group: [other, ...]}, ...]`, or the mapping itself.
fn lists(section: &mut Section<'_>, name: &str) -> BTreeMap<String, Vec<String>> {
    let mut result = BTreeMap::new();
    let maps = match section.resolved(name) {
        None => return result,
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    for value in maps {
        let Value::Object(map) = value else {
            let text = format!(
                "holds {}, expected mappings of a model group to a list",
                kind(&value)
            );
            section.say(Taken::Wrong, name, text);
            continue;
        };
        for (group, targets) in map {
            match models(&targets) {
                Some(models) => drop(result.insert(group, models)),
                None => {
                    let text = format!("`{group}` has no list of model names");
                    section.say(Taken::Wrong, name, text);
                }
            }
        }
    }
    result
}

/// Names, or LiteLLM's mappings with a `model` (of which only the name is taken).
fn models(targets: &Value) -> Option<Vec<String>> {
    let list = match targets {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let name = |it: &Value| {
        it.as_str()
            .or_else(|| it.get("model")?.as_str())
            .map(str::to_owned)
    };
    list.iter().map(name).collect()
}

/// Groups that fall back to themselves, each with the way: `a -> b -> a`.
fn circles(map: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for start in map.keys() {
        let mut ways: Vec<Vec<&str>> = vec![vec![start]];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(way) = ways.pop() {
            let last = way.last().copied().unwrap_or_default();
            for next in map.get(last).into_iter().flatten() {
                if next == start {
                    // Each circle is told once, by the first of its groups.
                    if !way.iter().any(|it| done.contains(it)) {
                        let mut way = way.clone();
                        way.push(next);
                        found.push(way.join(" -> "));
                    }
                } else if !seen.contains(&next.as_str()) {
                    seen.push(next);
                    let mut way = way.clone();
                    way.push(next);
                    ways.push(way);
                }
            }
        }
        done.push(start);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_fallbacks_is_told_once_with_its_way() {
        let list = |to: &[&str]| to.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let map = BTreeMap::from([
            ("a".to_owned(), list(&["b", "d"])),
            ("b".to_owned(), list(&["c"])),
            ("c".to_owned(), list(&["a"])),
            ("e".to_owned(), list(&["e"])),
        ]);
        assert_eq!(circles(&map), ["a -> b -> c -> a", "e -> e"]);
    }
}
