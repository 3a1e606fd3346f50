//! Which models a caller may use, under which names.
//!
//! A model must pass every level that has a word on it: the key, its team, the user where there
//! is no team, the organisation. An empty list at a level allows every model.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::caller::Caller;
use super::grant::Grant;
use super::keys::{Identity, Keys};
use crate::domain::{ErrorKind, Fault, glob};

/// Every model.
pub(super) const ALL_PROXY_MODELS: &str = "all-proxy-models";
/// On a key: what its team may use.
const ALL_TEAM_MODELS: &str = "all-team-models";
/// None, unless a team gives some.
const NO_DEFAULT_MODELS: &str = "no-default-models";

/// Whether an entry of a model list stands for no model or group by its name.
pub(super) fn is_no_model(entry: &str) -> bool {
    matches!(
        entry,
        ALL_PROXY_MODELS | ALL_TEAM_MODELS | NO_DEFAULT_MODELS
    )
}

/// What the gateway serves, as far as access depends on it. Built anew with each configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    models: HashMap<Arc<str>, CatalogModel>,
    /// Names of model groups with `*` in them.
    wildcards: Vec<Arc<str>>,
    /// Model groups of one team: by the team, by the name that it asks for.
    of_teams: HashMap<Arc<str>, HashMap<Arc<str>, Arc<str>>>,
    /// The model group of a deployment, by the deployment's id.
    deployments: HashMap<Arc<str>, Arc<str>>,
}

/// One model group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogModel {
    /// `model_name`; a wildcard stands as it is written.
    pub name: Arc<str>,
    /// `model_info.access_groups`.
    pub access_groups: Vec<Arc<str>>,
    /// `model_info.team_id` of its deployments.
    pub teams: Vec<TeamModel>,
    /// One of its deployments is no team's: everybody may ask for it.
    pub is_open: bool,
}

/// Whose a deployment of a model group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamModel {
    pub team_id: Arc<str>,
    /// `model_info.team_public_model_name`: the name by which the team asks for it.
    pub public_name: Arc<str>,
}

impl Catalog {
    /// `deployments`: the id of each, and its model group.
    pub fn new(
        models: impl IntoIterator<Item = CatalogModel>,
        deployments: impl IntoIterator<Item = (Arc<str>, Arc<str>)>,
    ) -> Self {
        let mut catalog = Self {
            deployments: deployments.into_iter().collect(),
            ..Self::default()
        };
        for model in models {
            let name = Arc::clone(&model.name);
            if name.contains('*') {
                catalog.wildcards.push(Arc::clone(&name));
            }
            for own in &model.teams {
                let of_team = catalog.of_teams.entry(Arc::clone(&own.team_id));
                let public = Arc::clone(&own.public_name);
                of_team.or_default().insert(public, Arc::clone(&name));
            }
            catalog.models.insert(name, model);
        }
        catalog
    }

    /// The model group that a team means by a name of its own.
    fn of_team(&self, team: &str, public: &str) -> Option<&str> {
        self.of_teams.get(team)?.get(public).map(|name| &**name)
    }

    /// Those who alone may ask for a model group. None: it is nobody's own.
    fn owners(&self, name: &str) -> Option<&[TeamModel]> {
        let model = self.models.get(name)?;
        let owned = !model.is_open && !model.teams.is_empty();
        owned.then_some(&*model.teams)
    }

    /// The model group that a target stands for: a deployment is judged as the one it belongs to.
    pub(super) fn group_of<'a>(&'a self, target: &'a str) -> &'a str {
        self.deployments.get(target).map_or(target, |it| &**it)
    }

    pub(super) fn in_access_group(&self, model: &str, group: &str) -> bool {
        let holds = |name: &str| {
            let groups = self.models.get(name).map(|it| &it.access_groups);
            groups.is_some_and(|it| it.iter().any(|one| &**one == group))
        };
        let mut wildcards = self.wildcards.iter();
        holds(model) || wildcards.any(|name| holds(name) && glob::matches(name, model))
    }
}

/// What to route, of what a caller asked for. Answers carry the name that the client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// The model group, or a deployment's id, to route to.
    pub target: &'a str,
}

/// Resolves the caller's aliases and checks that the caller may use the model.
///
/// # Errors
/// `key_model_access_denied`, `team_…`, `user_…` or `org_…`, with param `model` and the cure.
pub fn allow_model<'a>(
    caller: &'a Caller,
    catalog: &'a Catalog,
    model: &'a str,
) -> Result<Resolved<'a>, Fault> {
    let Some(grant) = caller.grant() else {
        return Ok(Resolved { target: model });
    };
    let target = resolve(grant, catalog, model);
    let asked = Asked {
        grant,
        catalog,
        name: model,
        group: catalog.group_of(target),
    };
    asked.judge()?;
    Ok(Resolved { target })
}

/// The caller in the first of its teams that may use the model: tokens may name several. The
/// caller as it is where none may, or where there is no choice.
pub fn choose_team(caller: &Caller, catalog: &Catalog, model: &str) -> Caller {
    let token = caller.grant().and_then(|grant| grant.token.as_ref());
    let others = token.into_iter().flat_map(|token| &token.other_teams);
    let others = others.map(|grant| Caller::granted(Arc::clone(grant)));
    let may = |caller: &Caller| allow_model(caller, catalog, model).is_ok();
    let mut choice = std::iter::once(caller.clone()).chain(others);
    choice.find(may).unwrap_or_else(|| caller.clone())
}

/// The names that the caller may ask for, sorted: those of the catalogue, and its own aliases.
pub fn visible_models(caller: &Caller, catalog: &Catalog) -> Vec<Arc<str>> {
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    let Some(grant) = caller.grant() else {
        names.extend(catalog.models.keys().cloned());
        return names.into_iter().collect();
    };
    let team = grant.team.as_ref().map(|team| &team.id);
    for name in catalog.models.keys() {
        let Some(owners) = catalog.owners(name) else {
            names.insert(Arc::clone(name));
            continue;
        };
        let own = owners.iter().filter(|it| Some(&it.team_id) == team);
        names.extend(own.map(|it| Arc::clone(&it.public_name)));
    }
    let of_key = grant.key.iter().flat_map(|key| &key.aliases);
    let of_team = grant.team.iter().flat_map(|team| &team.aliases);
    names.extend(of_key.chain(of_team).map(|(alias, _)| Arc::clone(alias)));
    names
        .into_iter()
        .filter(|name| allow_model(caller, catalog, name).is_ok())
        .collect()
}

/// The access groups in which there is a model that the caller may use, sorted: those of the
/// catalogue, and those of the database that its key or team names.
pub fn visible_groups(caller: &Caller, catalog: &Catalog) -> Vec<Arc<str>> {
    let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
    for (name, model) in &catalog.models {
        if !model.access_groups.is_empty() && allow_model(caller, catalog, name).is_ok() {
            names.extend(model.access_groups.iter().cloned());
        }
    }
    let of_database = caller.grant().into_iter().flat_map(|it| &it.access_groups);
    for group in of_database {
        let may = |model: &Arc<str>| allow_model(caller, catalog, model).is_ok();
        if group.models.iter().any(may) {
            names.insert(Arc::clone(&group.name));
        }
    }
    names.into_iter().collect()
}

/// The caller as somebody of a team: its key's own team, one in which it has a seat, or any for
/// who sees everything. None: the team is not there, or not the caller's.
///
/// # Errors
/// There is no database, or it does not answer.
pub async fn in_team(
    caller: &Caller,
    keys: &Keys,
    team: &str,
    now_ms: i64,
) -> Result<Option<Caller>, Fault> {
    if caller.team_id() == Some(team) {
        return Ok(Some(caller.clone()));
    }
    let user_id = caller.user_id().filter(|_| !caller.sees_all());
    if user_id.is_none() && !caller.sees_all() {
        return Ok(None);
    }
    let who = Identity {
        user_id: user_id.map(str::to_owned),
        team_id: Some(team.to_owned()),
        organization_id: None,
    };
    let grant = keys.identity(&who, now_ms).await?;
    let seated = grant.filter(|it| caller.sees_all() || it.member.is_some());
    Ok(seated.map(Caller::granted))
}

/// The key's alias, else the team's, else the team's own model, else the name itself.
fn resolve<'a>(grant: &'a Grant, catalog: &'a Catalog, model: &'a str) -> &'a str {
    let of_key = grant.key.iter().flat_map(|key| &key.aliases);
    let of_team = grant.team.iter().flat_map(|team| &team.aliases);
    let alias = of_key
        .chain(of_team)
        .find(|(alias, _)| &**alias == model)
        .map_or(model, |(_, target)| &**target);
    let team = grant.team.as_ref();
    team.and_then(|team| catalog.of_team(&team.id, alias))
        .unwrap_or(alias)
}

/// One question: may this caller use this model?
struct Asked<'a> {
    grant: &'a Grant,
    catalog: &'a Catalog,
    /// As the client wrote it.
    name: &'a str,
    /// The model group it stands for.
    group: &'a str,
}

impl Asked<'_> {
    fn judge(&self) -> Result<(), Fault> {
        let grant = self.grant;
        if let Some(token) = &grant.token {
            let cure = "ask for a token with a scope that allows it";
            self.level("key", &token.models, &[], false, cure)?;
        }
        if let Some(key) = &grant.key {
            let cure = "add it to the key's `models` by `/key/update`";
            // The key's own list may hold the alias or what the alias stands for.
            let by_name = self.name_is_alias();
            self.level("key", &key.models, &key.access_groups, by_name, cure)?;
        }
        if let Some(team) = &grant.team {
            let cure = "add it to the team's `models` by `/team/update`";
            let alias = team.aliases.iter().any(|(alias, _)| &**alias == self.name);
            if !alias && !self.is_team_owned() {
                self.level("team", &team.models, &team.access_groups, false, cure)?;
            }
            let member = grant.member.as_ref();
            let of_member = member.map_or(&[][..], |it| &it.models);
            let cure = "add it to the `allowed_models` of the member's budget";
            self.level("team", of_member, &[], false, cure)?;
        } else if let Some(user) = &grant.user {
            let cure = "add it to the user's `models` by `/user/update`";
            self.level("user", &user.models, &[], false, cure)?;
        }
        if let Some(organization) = &grant.organization {
            let cure = "add it to the organisation's `models` by `/organization/update`";
            self.level("org", &organization.models, &[], false, cure)?;
        }
        match self.catalog.owners(self.group) {
            Some(_) if !self.is_team_owned() => {
                Err(self.refuse("key", &[], "ask with a key of the team that owns it"))
            }
            _ => Ok(()),
        }
    }

    fn name_is_alias(&self) -> bool {
        self.name != self.group
    }

    /// Whether it is a model of the caller's own team.
    fn is_team_owned(&self) -> bool {
        let owners = self.catalog.owners(self.group).unwrap_or_default();
        let team = self.grant.team.as_ref();
        team.is_some_and(|team| owners.iter().any(|owner| team.id == owner.team_id))
    }

    fn level(
        &self,
        level: &'static str,
        models: &[Arc<str>],
        groups: &[Arc<str>],
        by_name: bool,
        cure: &str,
    ) -> Result<(), Fault> {
        let open = models.is_empty() && groups.is_empty();
        let listed = |name: &str| {
            models
                .iter()
                .any(|entry| self.entry_allows(level, entry, name))
                || groups.iter().any(|group| self.group_allows(group, name))
        };
        if open || listed(self.group) || (by_name && listed(self.name)) {
            return Ok(());
        }
        let shown: Vec<&str> = models.iter().chain(groups).map(|it| &**it).collect();
        Err(self.refuse(level, &shown, cure))
    }

    fn entry_allows(&self, level: &str, entry: &str, model: &str) -> bool {
        match entry {
            ALL_PROXY_MODELS => true,
            // The team is asked next; without one there is nothing to inherit.
            ALL_TEAM_MODELS => level == "key" && self.grant.team.is_some(),
            NO_DEFAULT_MODELS => false,
            _ => {
                glob::matches(entry, model)
                    || self.catalog.in_access_group(model, entry)
                    || self.group_allows(entry, model)
            }
        }
    }

    /// Whether an access group of the database holds the model.
    fn group_allows(&self, group: &str, model: &str) -> bool {
        let mut rows = self.grant.access_groups.iter();
        rows.any(|row| {
            &*row.name == group && row.models.iter().any(|entry| glob::matches(entry, model))
        }) || self.catalog.in_access_group(model, group)
    }

    fn refuse(&self, level: &'static str, models: &[&str], cure: &str) -> Fault {
        let (holder, kind) = match level {
            "team" => ("team", "team_model_access_denied"),
            "user" => ("user", "user_model_access_denied"),
            "org" => ("organization", "org_model_access_denied"),
            _ => ("key", "key_model_access_denied"),
        };
        let name = self.name;
        let listed = models.join("', '");
        Fault::caller(
            ErrorKind::Permission,
            format!(
                "{holder} not allowed to access model. This {holder} can only access \
                 models=['{listed}']. Tried to access {name}; {cure}"
            ),
        )
        .with_param("model")
        .with_type(kind)
    }
}
