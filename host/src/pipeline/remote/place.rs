//! Which deployment gets a file: one that has all the models that are named, or one of a provider.

use std::collections::BTreeMap;

use rand::RngExt as _;

use super::Allow;
use crate::auth::Caller;
use crate::domain::{DeploymentId, ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::course;
use crate::pipeline::fleet::Fleet;
use crate::pipeline::refusal::{self, no_such_model};
use crate::pipeline::request::Operation;
use crate::pipeline::roster::Roster;
use crate::pipeline::why::{By, Choice};
use crate::router::{self, Ask, Decision, Reason};

/// LiteLLM's provider where nothing is said.
const USUAL_PROVIDER: &str = "openai";

/// A deployment, and what it calls the models that were named.
#[derive(Debug)]
pub struct Place {
    pub group: String,
    pub deployment: DeploymentId,
    pub names: BTreeMap<String, String>,
    /// How it was found.
    pub choice: Choice,
}

/// What is asked of a deployment.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'n> {
    pub operations: &'n [Operation],
    /// Its provider, where one is named.
    pub provider: Option<&'n str>,
}

impl Needs<'_> {
    fn are_met(&self, fleet: &Fleet, id: &DeploymentId) -> bool {
        let Ok(line) = fleet.line(id) else {
            return false;
        };
        let operations = &line.provider.describe.operations;
        let has = |it: Operation| operations.contains_key(it.contract());
        // The lines of a batch may be the gateway's to keep, and the provider is given no file.
        let kept =
            self.operations.contains(&Operation::BatchesCreate) && has(Operation::BatchesLines);
        let has = |it: &Operation| has(*it) || (kept && *it == Operation::FilesCreate);
        let provider = &line.deployment.provider;
        self.operations.iter().all(has) && self.provider.is_none_or(|it| it == provider)
    }
}

/// Who asks for a place, and with which tags.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub caller: &'a Caller,
    pub tags: &'a [String],
}

impl Asker<'_> {
    /// One of a group's deployments, by the router's choice; none of those that are unfit.
    fn choose(&self, fleet: &Fleet, roster: &Roster, unfit: &[DeploymentId]) -> Decision {
        let own = fleet.own_routing(self.caller);
        let own = own.as_ref().map(|it| &it.settings);
        let settings = own.unwrap_or(&fleet.config.router);
        let tags = course::tags(settings, self.tags, self.caller);
        let ask = Ask {
            now_ms: now_ms(),
            tried: unfit,
            team: self.caller.team_id(),
            tags: settings.filters_tags.then_some(&tags),
            match_any: settings.tags_match_any,
            ..Ask::default()
        };
        router::choose(&roster.places, &ask, settings.strategy, &mut rand::rng())
    }
}

/// A deployment of all these models, by the router's choice. Each is a name that the caller asked
/// for and the group that it means.
///
/// # Errors
/// There is none, and why.
pub fn of_models(
    fleet: &Fleet,
    asker: Asker<'_>,
    models: &[(String, String)],
    needs: Needs<'_>,
) -> Result<Place, Fault> {
    let (first, rest) = models.split_first().ok_or_else(|| nobody(needs))?;
    let find = |it: &(String, String)| {
        let found = fleet.config.groups.find(&it.1);
        found.ok_or_else(|| no_such_model(&it.0))
    };
    let found = find(first)?;
    let others = rest.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let has_all = |id: &DeploymentId| {
        let mut all = others.iter();
        all.all(|it| it.deployments.iter().any(|it| it.id == *id))
    };
    let roster = fleet
        .rosters
        .get(&found)
        .ok_or_else(|| no_such_model(&first.0))?;
    let ids = roster.places.iter().map(|it| &it.id);
    let (fit, unfit): (Vec<_>, Vec<_>) =
        ids.partition(|it| has_all(it) && needs.are_met(fleet, it));
    if fit.is_empty() {
        let several = "the lines name models that no one deployment has: one batch goes to one";
        let able = unfit.iter().any(|it| needs.are_met(fleet, it));
        return Err(match able {
            true => Fault::caller(ErrorKind::InvalidRequest, several).with_param("file"),
            false => nobody(needs),
        });
    }
    let unfit: Vec<DeploymentId> = unfit.into_iter().cloned().collect();
    let mut decision = asker.choose(fleet, roster, &unfit);
    let chosen = decision.chosen.and_then(|at| found.deployments.get(at));
    let Some(chosen) = chosen else {
        // What cannot have the file at all is not why.
        decision.out.retain(|(_, reason)| *reason != Reason::Tried);
        return Err(refusal::of(&decision, (&first.0, None), None, now_ms()));
    };
    let all = models.iter().zip(std::iter::once(&found).chain(&others));
    Ok(Place {
        group: first.1.clone(),
        deployment: chosen.id.clone(),
        names: all
            .map(|((asked, _), found)| (asked.clone(), found.model(chosen)))
            .collect(),
        choice: Choice::made(&first.0, by(fleet), roster, decision),
    })
}

/// A deployment of a provider, of a model that the caller may use.
///
/// # Errors
/// There is none.
pub fn of_provider(
    fleet: &Fleet,
    asker: Asker<'_>,
    needs: Needs<'_>,
    allow: Allow<'_>,
) -> Result<Place, Fault> {
    let needs = Needs {
        provider: needs.provider.or(Some(USUAL_PROVIDER)),
        ..needs
    };
    let (mut places, mut refused) = (Vec::new(), None);
    for name in fleet.config.groups.names() {
        let found = fleet.config.groups.find(name);
        let roster = found.and_then(|it| fleet.rosters.get(&it));
        let Some(roster) = roster else { continue };
        let ids = || roster.places.iter().map(|it| &it.id);
        if !ids().any(|it| needs.are_met(fleet, it)) || allow(name).is_err() {
            continue;
        }
        let unfit = ids().filter(|it| !needs.are_met(fleet, it));
        let unfit: Vec<DeploymentId> = unfit.cloned().collect();
        let mut decision = asker.choose(fleet, roster, &unfit);
        match decision.chosen.and_then(|at| roster.places.get(at)) {
            Some(place) => places.push(Place {
                group: name.to_owned(),
                deployment: place.id.clone(),
                names: BTreeMap::new(),
                choice: Choice::made(name, by(fleet), roster, decision),
            }),
            None => {
                decision.out.retain(|(_, reason)| *reason != Reason::Tried);
                refused = Some(refusal::of(&decision, (name, None), None, now_ms()));
            }
        }
    }
    if places.is_empty() {
        return Err(refused.unwrap_or_else(|| nobody(needs)));
    }
    let at = rand::rng().random_range(0..places.len());
    Ok(places.swap_remove(at))
}

fn by(fleet: &Fleet) -> By {
    By::Strategy(fleet.config.router.strategy)
}

fn nobody(needs: Needs<'_>) -> Fault {
    let provider = needs.provider.map(|it| format!(" of `{it}`"));
    let names: Vec<_> = needs.operations.iter().map(|it| it.as_str()).collect();
    let message = format!(
        "no deployment{} that you may use has `{}`: name a model of one by `target_model_names`, \
         or its provider by `custom_llm_provider`",
        provider.unwrap_or_default(),
        names.join("`, `")
    );
    Fault::caller(ErrorKind::Unsupported, message).with_param("target_model_names")
}
