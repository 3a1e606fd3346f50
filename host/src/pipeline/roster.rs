//! The deployments of each model group as the router sees them, with how each is doing. What is
//! known of a deployment outlives a change of the config or of a plugin.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{Config, Deployment, Found};
use crate::domain::{DeploymentId, ModelGroup};
use crate::router::{Place, Standing};

/// The deployments of one group that are not blocked, in the config's order.
#[derive(Debug, Clone)]
pub struct Roster {
    pub deployments: Vec<Arc<Deployment>>,
    /// Of the same deployments.
    pub places: Vec<Place>,
}

/// Those of every group.
#[derive(Debug, Default)]
pub struct Rosters {
    by_group: HashMap<ModelGroup, Arc<Roster>>,
    /// Of each deployment, for calls that name it.
    alone: HashMap<DeploymentId, Arc<Roster>>,
}

impl Rosters {
    /// `ready`: whether a deployment can be tried.
    pub fn new(config: &Config, ready: impl Fn(&DeploymentId) -> bool) -> Self {
        let mut groups: HashMap<ModelGroup, Roster> = HashMap::new();
        let deployments = config.groups.deployments();
        for deployment in deployments.filter(|it| !it.info.blocked) {
            let roster = groups.entry(deployment.group.clone());
            let roster = roster.or_insert_with(|| Roster {
                deployments: Vec::new(),
                places: Vec::new(),
            });
            let ready = ready(&deployment.id);
            let place = Place::of(deployment, &config.router, ready);
            roster.deployments.push(Arc::clone(deployment));
            roster.places.push(place);
        }
        Self::of(groups)
    }

    fn of(groups: HashMap<ModelGroup, Roster>) -> Self {
        let pairs = groups
            .values()
            .flat_map(|it| it.deployments.iter().zip(&it.places));
        let alone = pairs.map(|(deployment, place)| {
            let roster = Roster {
                deployments: vec![Arc::clone(deployment)],
                places: vec![place.clone()],
            };
            (place.id.clone(), Arc::new(roster))
        });
        let alone = alone.collect();
        let by_group = groups
            .into_iter()
            .map(|(group, roster)| (group, Arc::new(roster)));
        Self {
            by_group: by_group.collect(),
            alone,
        }
    }

    /// The same with what another knows of the deployments that both have.
    #[must_use]
    pub fn with_standings_of(&self, before: &Self) -> Self {
        let known = |(group, roster): (&ModelGroup, &Arc<Roster>)| {
            let mut roster = Roster::clone(roster);
            for place in &mut roster.places {
                if let Some(standing) = before.standing(&place.id) {
                    place.standing = Arc::clone(standing);
                }
            }
            (group.clone(), roster)
        };
        Self::of(self.by_group.iter().map(known).collect())
    }

    /// How a deployment is doing.
    pub fn standing(&self, id: &DeploymentId) -> Option<&Arc<Standing>> {
        let roster = self.alone.get(id)?;
        roster.places.first().map(|it| &it.standing)
    }

    /// Until when a deployment rests, if it does; in milliseconds since 1970.
    pub fn rests_until(&self, id: &DeploymentId, now_ms: i64) -> Option<i64> {
        self.standing(id)?.rests_until(now_ms)
    }

    /// The deployments that were found for a name.
    pub fn get(&self, found: &Found<'_>) -> Option<&Arc<Roster>> {
        let first = found.deployments.first()?;
        if found.alone {
            return self.alone.get(&first.id);
        }
        self.by_group.get(&first.group)
    }

    /// Every deployment with its place.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<Deployment>, &Place)> {
        let rosters = self.by_group.values();
        rosters.flat_map(|it| it.deployments.iter().zip(&it.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Env;

    const FILE: &str = "
model_list:
  - {model_name: g, litellm_params: {model: echo/a}, model_info: {id: a}}
  - {model_name: g, litellm_params: {model: echo/b}, model_info: {id: b}}
";

    #[test]
    fn a_roster_has_the_deployments_that_a_search_finds_and_no_blocked_one() {
        let text = FILE.replace("{id: a}", "{id: a, blocked: true}");
        let (config, _) = Config::parse(&text, Env::default()).unwrap();
        let rosters = Rosters::new(&config, |_| true);
        let found = config.groups.find("g").unwrap();
        let roster = rosters.get(&found).unwrap();
        let places = roster.places.iter().map(|it| &it.id);
        assert!(places.eq(found.deployments.iter().map(|it| &it.id)));
        assert_eq!(roster.places[0].id, DeploymentId::new("b"));
    }

    #[test]
    fn a_deployment_that_rests_goes_on_resting_when_the_config_changes() {
        let rosters = |text: &str| {
            let (config, _) = Config::parse(text, Env::default()).unwrap();
            let found = |it: &Config, name: &str, rosters: &Rosters| {
                let found = it.groups.find(name).unwrap();
                Arc::clone(rosters.get(&found).unwrap())
            };
            let rosters = Rosters::new(&config, |_| true);
            let group = found(&config, "g", &rosters);
            let alone = found(&config, "b", &rosters);
            (rosters, group, alone)
        };
        let (before, group, _) = rosters(FILE);
        group.places[1].standing.rest_until(50);
        let (after, _, _) = rosters(&FILE.replace("echo/a", "echo/c"));
        let after = after.with_standings_of(&before);
        let rests: Vec<_> = after
            .all()
            .map(|(it, place)| (it.id.as_str(), place.standing.rests_until(1)))
            .collect();
        assert!(rests.contains(&("b", Some(50))) && rests.contains(&("a", None)));
        let b = after.standing(&DeploymentId::new("b")).unwrap();
        assert!(Arc::ptr_eq(b, &group.places[1].standing));
    }
}
