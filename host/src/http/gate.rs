//! Who may come in, and which models are theirs: made anew when the fleet changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use serde_json::Value;

use crate::auth::{Catalog, CatalogModel, Door, Keys, RouteRules, TeamModel};
use crate::pipeline::Fleet;

/// What the door needs of one config.
pub struct Gate {
    of: Weak<Fleet>,
    pub door: Door,
    pub routes: RouteRules,
    pub catalog: Catalog,
}

impl Gate {
    pub fn new(fleet: &Arc<Fleet>, keys: Keys) -> Self {
        let general = &fleet.config.general;
        let door =
            Door::new(general.master_key.clone(), keys).with_key_header(general.key_header.clone());
        let routes = RouteRules {
            public_metrics: general.public_metrics,
            ..RouteRules::default()
        };
        Self {
            of: Arc::downgrade(fleet),
            door,
            routes,
            catalog: catalog(fleet),
        }
    }

    pub fn is_of(&self, fleet: &Arc<Fleet>) -> bool {
        std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(fleet))
    }
}

/// The models of a fleet, as access to them is judged.
pub fn catalog(fleet: &Fleet) -> Catalog {
    let groups = &fleet.config.groups;
    let mut models: BTreeMap<&str, CatalogModel> = BTreeMap::new();
    let mut ids = Vec::new();
    for name in groups.names() {
        models.insert(name, empty(name));
    }
    for deployment in groups.deployments() {
        let name = deployment.group.as_str();
        let model = models.entry(name).or_insert_with(|| empty(name));
        ids.push((deployment.id.as_str().into(), Arc::clone(&model.name)));
        for group in &deployment.info.access_groups {
            if !model.access_groups.iter().any(|it| **it == **group) {
                model.access_groups.push(group.as_str().into());
            }
        }
        let said = |name: &str| deployment.info.rest.get(name).and_then(Value::as_str);
        if let Some(team) = said("team_id") {
            let public = said("team_public_model_name").unwrap_or(name);
            model.team = Some(TeamModel {
                team_id: team.into(),
                public_name: public.into(),
            });
        }
    }
    Catalog::new(models.into_values(), ids)
}

fn empty(name: &str) -> CatalogModel {
    CatalogModel {
        name: name.into(),
        access_groups: Vec::new(),
        team: None,
    }
}
