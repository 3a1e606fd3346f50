//! Model groups: which deployments serve the name a client asks for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::deployment::Deployment;
use super::section::{Remarks, Taken};
use crate::domain::{DeploymentId, ModelGroup, glob};

/// All groups, by name and by pattern.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    exact: HashMap<String, Vec<Arc<Deployment>>>,
    /// Longest pattern first.
    patterns: Vec<(String, Vec<Arc<Deployment>>)>,
    by_id: HashMap<DeploymentId, Arc<Deployment>>,
    aliases: BTreeMap<String, Alias>,
    /// Group names in the file's order.
    order: Vec<String>,
}

/// `router_settings.model_group_alias`.
#[derive(Debug, Clone)]
pub struct Alias {
    pub model: String,
    /// Not listed by `/v1/models`.
    pub hidden: bool,
}

/// The deployments for one name, with the upstream's model name for each.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub group: ModelGroup,
    pub deployments: Vec<(Arc<Deployment>, String)>,
}

impl Groups {
    pub fn new(
        deployments: Vec<Deployment>,
        aliases: BTreeMap<String, Alias>,
        remarks: &mut Remarks,
    ) -> Self {
        let mut groups = Self {
            aliases,
            ..Self::default()
        };
        let mut ids = HashSet::new();
        for deployment in deployments {
            let deployment = Arc::new(deployment);
            if !ids.insert(deployment.id.clone()) {
                let text = format!("two deployments have the id `{}`", deployment.id);
                remarks.say(Taken::Warning, "model_list", text);
            }
            let name = deployment.group.as_str().to_owned();
            if !groups.order.contains(&name) {
                groups.order.push(name.clone());
            }
            groups
                .by_id
                .insert(deployment.id.clone(), Arc::clone(&deployment));
            if name.contains('*') {
                match groups
                    .patterns
                    .iter_mut()
                    .find(|(pattern, _)| *pattern == name)
                {
                    Some((_, list)) => list.push(deployment),
                    None => groups.patterns.push((name, vec![deployment])),
                }
            } else {
                groups.exact.entry(name).or_default().push(deployment);
            }
        }
        groups
            .patterns
            .sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        groups
    }

    /// The deployments for a name: an alias, a group, a pattern, or a deployment's id.
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        let name = self
            .aliases
            .get(name)
            .map_or(name, |alias| alias.model.as_str());
        if let Some(list) = self.exact.get(name) {
            return Some(resolved(name, list, None));
        }
        for (pattern, list) in &self.patterns {
            if let Some(part) = glob::capture(pattern, name) {
                return Some(resolved(name, list, Some(part)));
            }
        }
        let deployment = self.by_id.get(&DeploymentId::new(name))?;
        Some(resolved(
            deployment.group.as_str(),
            std::slice::from_ref(deployment),
            None,
        ))
    }

    /// Every deployment.
    pub fn deployments(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        let patterns = self.patterns.iter().flat_map(|(_, list)| list);
        self.exact.values().flatten().chain(patterns)
    }

    /// Names that a client may ask for, patterns included, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let aliases = self
            .aliases
            .iter()
            .filter(|(_, alias)| !alias.hidden)
            .map(|(name, _)| name.as_str());
        self.order.iter().map(String::as_str).chain(aliases)
    }
}

fn resolved(name: &str, list: &[Arc<Deployment>], part: Option<&str>) -> Resolved {
    let model = |deployment: &Deployment| match part {
        Some(part) => deployment.model.replacen('*', part, 1),
        None => deployment.model.clone(),
    };
    let deployments = list.iter().map(|it| (Arc::clone(it), model(it))).collect();
    Resolved {
        group: ModelGroup::new(name),
        deployments,
    }
}
