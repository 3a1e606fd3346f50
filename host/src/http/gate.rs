//! Who may come in, and which models are theirs: made anew when the fleet changes.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::auth::{Catalog, Door, Keys, RouteRules};
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

fn catalog(fleet: &Fleet) -> Catalog {
    let groups = &fleet.config.groups;
    let mut catalog = Catalog {
        models: groups
            .names()
            .map(|name| (name.into(), Vec::new()))
            .collect(),
        team_models: HashMap::new(),
        deployments: HashMap::new(),
    };
    for deployment in groups.deployments() {
        let group: Arc<str> = deployment.group.as_str().into();
        let id: Arc<str> = deployment.id.as_str().into();
        catalog.deployments.insert(id, Arc::clone(&group));
        let of_group = catalog.models.entry(group).or_default();
        for name in &deployment.info.access_groups {
            if !of_group.iter().any(|it| **it == **name) {
                of_group.push(name.as_str().into());
            }
        }
    }
    catalog
}
