//! Model groups: which deployments serve the name a client asks for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::deployment::Deployment;
use super::pattern;
use super::provider;
use super::remarks::{Remarks, Taken, hint};
use crate::domain::{DeploymentId, ModelGroup};

/// In `model_info`: the name by which a team asks for a model of its own.
const TEAMS_NAME: &str = "team_public_model_name";

/// All groups, by name and by pattern.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// In the file's order, blocked ones too, which nothing else here leads to.
    all: Vec<Arc<Deployment>>,
    exact: HashMap<String, Vec<Arc<Deployment>>>,
    /// Longest pattern first.
    patterns: Vec<(String, Vec<Arc<Deployment>>)>,
    by_id: HashMap<DeploymentId, Arc<Deployment>>,
    aliases: BTreeMap<String, Alias>,
    /// What a client may ask for, in the file's order, then the aliases that are not hidden.
    names: Vec<String>,
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

/// The deployments for one name, as they stand.
#[derive(Debug, Clone)]
pub struct Found<'g> {
    pub group: ModelGroup,
    /// All of a group, unless one of them was asked for by its id.
    pub deployments: &'g [Arc<Deployment>],
    /// One was asked for by its id.
    pub alone: bool,
    /// Behind a pattern: the name, and what its `*` stand for.
    filled: Option<(String, Vec<String>)>,
}

impl Found<'_> {
    /// Whether two names lead to the same models.
    fn is(&self, other: &Self) -> bool {
        match (&self.filled, &other.filled) {
            (None, None) => self.group == other.group,
            (Some(_), Some(_)) => {
                let same = std::ptr::eq(self.deployments, other.deployments);
                let model = |it: &Self| it.deployments.first().map(|one| it.model(one));
                same && model(self) == model(other)
            }
            _ => false,
        }
    }

    /// Whether a team asks for the group by this name of its own.
    fn is_teams(&self, name: &str) -> bool {
        let public =
            |it: &Arc<Deployment>| it.info.rest.get(TEAMS_NAME)?.as_str().map(str::to_owned);
        let mut deployments = self.deployments.iter();
        deployments.any(|it| public(it).is_some_and(|it| it == name))
    }

    /// The upstream's name of the model at one of the deployments.
    pub fn model(&self, deployment: &Deployment) -> String {
        let Some((name, parts)) = &self.filled else {
            return deployment.model.clone();
        };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let filled = pattern::fill(&deployment.model, &parts, name);
        // `*` to `*` brings the provider's name along.
        match filled.strip_prefix(&format!("{}/", deployment.provider)) {
            Some(model) if deployment.model.starts_with('*') => model.to_owned(),
            _ => filled,
        }
    }
}

impl Groups {
    pub fn new(
        deployments: Vec<Deployment>,
        aliases: BTreeMap<String, Alias>,
        remarks: &mut Remarks,
    ) -> Self {
        let mut deployments = own_ids(deployments, remarks);
        weigh(&mut deployments, remarks);
        let mut groups = Self {
            all: deployments.into_iter().map(Arc::new).collect(),
            aliases,
            ..Self::default()
        };
        let (mut order, mut lists) = (Vec::new(), HashMap::<String, Vec<_>>::new());
        for deployment in groups.all.iter().filter(|it| !it.info.blocked) {
            let name = deployment.group.as_str();
            if !lists.contains_key(name) {
                order.push(name.to_owned());
            }
            let list = lists.entry(name.to_owned()).or_default();
            list.push(Arc::clone(deployment));
            let id = deployment.id.clone();
            groups.by_id.insert(id, Arc::clone(deployment));
        }
        for name in &order {
            let list = lists.remove(name).unwrap_or_default();
            if name.contains('*') {
                groups.patterns.push((name.clone(), list));
            } else {
                groups.exact.insert(name.clone(), list);
            }
        }
        groups
            .patterns
            .sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        let listed = groups.aliases.iter().filter(|(_, alias)| !alias.hidden);
        let more: Vec<String> = listed
            .map(|(name, _)| name.clone())
            .filter(|name| !order.contains(name))
            .collect();
        groups.names = order;
        groups.names.extend(more);
        groups.check_aliases(remarks);
        groups
    }

    /// The deployments for a name, each with the upstream's model name.
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        let found = self.find(name)?;
        let list = found.deployments.iter();
        let deployments = list.map(|it| (Arc::clone(it), found.model(it))).collect();
        Some(Resolved {
            group: found.group,
            deployments,
        })
    }

    /// What an alias of the config stands for; another name stands for itself.
    pub fn unaliased<'n>(&'n self, name: &'n str) -> &'n str {
        let alias = self.aliases.get(name);
        alias.map_or(name, |alias| alias.model.as_str())
    }

    /// The deployments for a name: an alias, a group, a deployment's id, or a pattern.
    pub fn find(&self, name: &str) -> Option<Found<'_>> {
        let name = self.unaliased(name);
        let plain = |name: &str, deployments, alone| Found {
            group: ModelGroup::new(name),
            deployments,
            alone,
            filled: None,
        };
        if let Some(list) = self.exact.get(name) {
            return Some(plain(name, list, false));
        }
        if let Some(deployment) = self.by_id.get(&DeploymentId::new(name)) {
            let group = deployment.group.as_str();
            return Some(plain(group, std::slice::from_ref(deployment), true));
        }
        if let Some(found) = self.by_pattern(name, name) {
            return Some(found);
        }
        // `gpt-4o` is served by `openai/*` too, as in LiteLLM.
        let provider = provider::of_bare(name).filter(|_| !name.contains('/'))?;
        self.by_pattern(name, &format!("{provider}/{name}"))
    }

    fn by_pattern(&self, group: &str, name: &str) -> Option<Found<'_>> {
        let found = self.patterns.iter().find_map(|(pattern, list)| {
            let parts = pattern::captures(pattern, name)?;
            Some((list, parts))
        });
        let (list, parts) = found?;
        let parts = parts.into_iter().map(str::to_owned).collect();
        Some(Found {
            group: ModelGroup::new(group),
            deployments: list,
            alone: false,
            filled: Some((name.to_owned(), parts)),
        })
    }

    /// Whether a limit or a budget that is set for one name is for what another asks for: it is the
    /// same name, or one that leads to the same models (an alias, a deployment's id, the name by
    /// which a team asks for it, a name with or without its provider).
    pub fn means(&self, set_for: &str, asked: &str) -> bool {
        if set_for == asked {
            return true;
        }
        let Some(asked) = self.find(asked) else {
            return false;
        };
        asked.is_teams(set_for) || self.find(set_for).is_some_and(|it| it.is(&asked))
    }

    /// Every deployment, in the file's order.
    pub fn deployments(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        self.all.iter()
    }

    /// Names that a client may ask for, patterns included, in the file's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    fn check_aliases(&self, remarks: &mut Remarks) {
        for (name, alias) in &self.aliases {
            let path = format!("router_settings.model_group_alias.{name}");
            if self.exact.contains_key(name) {
                let text = format!(
                    "hides the model group of that name: `{}` is asked",
                    alias.model
                );
                remarks.say(Taken::Warning, path, text);
            } else if self.resolve(name).is_none() {
                let hint = hint(&alias.model, self.names());
                let text = format!("names `{}`, which is no model group{hint}", alias.model);
                remarks.say(Taken::Warning, path, text);
            }
        }
    }
}

/// An id names one deployment: a second that has it gets another, and says so.
fn own_ids(mut deployments: Vec<Deployment>, remarks: &mut Remarks) -> Vec<Deployment> {
    let mut ids: HashMap<DeploymentId, ModelGroup> = HashMap::new();
    for deployment in &mut deployments {
        let (wished, group) = (deployment.id.clone(), deployment.group.clone());
        let mut number = 2;
        while ids.contains_key(&deployment.id) {
            deployment.id = DeploymentId::new(format!("{wished}-{number}"));
            number += 1;
        }
        if let Some(first) = ids.get(&wished) {
            let text = format!(
                "a deployment of model `{group}` has the id `{wished}` of one of model `{first}`; it is `{}` now",
                deployment.id
            );
            remarks.say(Taken::Warning, "model_list", text);
        }
        ids.insert(deployment.id.clone(), group);
    }
    deployments
}

/// What decides how often a deployment of a group is drawn: as in LiteLLM, the first of `weight`,
/// `rpm` and `tpm` that the group's first deployment has, and 0 where another lacks it.
fn weigh(deployments: &mut [Deployment], remarks: &mut Remarks) {
    type Read = fn(&Deployment) -> Option<f64>;
    let keys: [(&str, Read); 3] = [
        ("weight", |it| it.weight),
        ("rpm", |it| it.rpm),
        ("tpm", |it| it.tpm),
    ];
    let mut deciding: HashMap<ModelGroup, Option<(&str, Read)>> = HashMap::new();
    for deployment in deployments.iter_mut().filter(|it| !it.info.blocked) {
        let first = !deciding.contains_key(&deployment.group);
        let key = *deciding.entry(deployment.group.clone()).or_insert_with(|| {
            keys.into_iter()
                .find(|(_, read)| read(deployment).is_some())
        });
        let own = key.and_then(|(_, read)| read(deployment));
        let group = &deployment.group;
        match key {
            Some((name, _)) if own.is_none() => {
                let text = format!(
                    "a deployment of model `{group}` has no `{name}` beside others that do: it is asked only when they fail"
                );
                remarks.say(Taken::Warning, "model_list", text);
            }
            None if !first && deployment.weight.is_some() => {
                let text = format!(
                    "the first deployment of model `{group}` has no `weight`, so none of the group counts"
                );
                remarks.say(Taken::Warning, "model_list", text);
            }
            _ => {}
        }
        deployment.weight = key.map(|_| own.unwrap_or(0.0));
    }
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
