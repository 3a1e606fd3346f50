//! Where callers were served before, so that they are served there again: a provider keeps a
//! prompt's beginning, a stored response, a session's files.

use std::time::Duration;

use moka::sync::Cache;

use crate::domain::DeploymentId;

/// Entries that are kept; the oldest unused go first. One takes about 200 bytes.
const MOST: u64 = 100_000;

/// What binds a call to a deployment. Each counts only if the group's settings ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tie {
    /// `session_affinity`: the session that the client names, of one key.
    Session { key: String, id: String },
    /// `deployment_affinity`: the key itself.
    Key { key: String },
    /// `prompt_caching`: the digest of what the request marks for a provider's cache.
    Prompt { digest: [u8; 32] },
    /// `responses_api_deployment_check`: the response that the request goes on from.
    Response { id: String },
}

/// Remembers ties, each until it was not used for a while.
#[derive(Debug, Clone)]
pub struct Affinity {
    ties: Cache<(String, Tie), DeploymentId>,
}

impl Affinity {
    /// `idle`: how long an unused tie is remembered.
    pub fn new(idle: Duration) -> Self {
        let ties = Cache::builder()
            .max_capacity(MOST)
            .time_to_idle(idle)
            .build();
        Self { ties }
    }

    /// The deployment of the first of these ties that is known, in a model group.
    pub fn find(&self, group: &str, ties: &[Tie]) -> Option<DeploymentId> {
        let known = |tie: &Tie| self.ties.get(&(group.to_owned(), tie.clone()));
        ties.iter().find_map(known)
    }

    /// The deployment answered a call with these ties.
    pub fn remember(&self, group: &str, ties: &[Tie], id: &DeploymentId) {
        for tie in ties {
            self.ties
                .insert((group.to_owned(), tie.clone()), id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tie_that_is_known_decides_and_groups_are_apart() {
        let affinity = Affinity::new(Duration::from_secs(60));
        let response = Tie::Response {
            id: "resp_1".into(),
        };
        let session = Tie::Session {
            key: "k".into(),
            id: "s".into(),
        };
        let (a, b) = (DeploymentId::new("a"), DeploymentId::new("b"));
        affinity.remember("g", std::slice::from_ref(&session), &a);
        affinity.remember("g", std::slice::from_ref(&response), &b);
        assert_eq!(
            affinity.find("g", &[response.clone(), session.clone()]),
            Some(b)
        );
        assert_eq!(affinity.find("g", std::slice::from_ref(&session)), Some(a));
        assert_eq!(affinity.find("other", std::slice::from_ref(&session)), None);
        assert_eq!(affinity.find("g", &[Tie::Key { key: "k".into() }]), None);
    }
}
