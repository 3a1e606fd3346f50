//! Which deployment gets a file: one that has all the models that are named, or one of a provider.

use std::collections::BTreeMap;

use rand::seq::IndexedRandom as _;

use super::Allow;
use crate::auth::Caller;
use crate::domain::{DeploymentId, ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::fleet::Fleet;
use crate::pipeline::refusal::{self, no_such_model};
use crate::pipeline::request::Operation;
use crate::router::{self, Ask};

/// LiteLLM's provider where nothing is said.
const USUAL_PROVIDER: &str = "openai";

/// A deployment, and what it calls the models that were named.
#[derive(Debug)]
pub struct Place {
    pub group: String,
    pub deployment: DeploymentId,
    pub names: BTreeMap<String, String>,
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
        let has = |it: &Operation| {
            line.provider
                .describe
                .operations
                .contains_key(it.contract())
        };
        let provider = &line.deployment.provider;
        self.operations.iter().all(has) && self.provider.is_none_or(|it| it == provider)
    }
}

/// A deployment of all these models, by the router's choice. Each is a name that the caller asked
/// for and the group that it means.
///
/// # Errors
/// There is none, and why.
pub fn of_models(
    fleet: &Fleet,
    caller: &Caller,
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
    let tried: Vec<DeploymentId> = unfit.into_iter().cloned().collect();
    let settings = &fleet.config.router;
    let ask = Ask {
        now_ms: now_ms(),
        tried: &tried,
        team: caller.team_id(),
        ..Ask::default()
    };
    let decision = router::choose(&roster.places, &ask, settings.strategy, &mut rand::rng());
    let chosen = decision.chosen.and_then(|at| found.deployments.get(at));
    let chosen = chosen.ok_or_else(|| refusal::of(&decision, (&first.0, None), None, now_ms()))?;
    let all = models.iter().zip(std::iter::once(&found).chain(&others));
    Ok(Place {
        group: first.1.clone(),
        deployment: chosen.id.clone(),
        names: all
            .map(|((asked, _), found)| (asked.clone(), found.model(chosen)))
            .collect(),
    })
}

/// A deployment of a provider, of a model that the caller may use.
///
/// # Errors
/// There is none.
pub fn of_provider(fleet: &Fleet, needs: Needs<'_>, allow: Allow<'_>) -> Result<Place, Fault> {
    let needs = Needs {
        provider: needs.provider.or(Some(USUAL_PROVIDER)),
        ..needs
    };
    let all = fleet.config.groups.deployments();
    let able = all.filter(|it| !it.info.blocked && needs.are_met(fleet, &it.id));
    let open: Vec<_> = able.filter(|it| allow(it.group.as_str()).is_ok()).collect();
    let chosen = open.choose(&mut rand::rng()).ok_or_else(|| nobody(needs))?;
    Ok(Place {
        group: chosen.group.as_str().to_owned(),
        deployment: chosen.id.clone(),
        names: BTreeMap::new(),
    })
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
