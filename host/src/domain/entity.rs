//! Who has a budget, a limit and spend.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What kind of holder an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// A virtual key, by its hash.
    Key,
    User,
    Team,
    /// A user inside a team: `<team id>/<user id>`.
    TeamMember,
    Organization,
    /// The customer named by a request's `user`.
    EndUser,
    Tag,
    /// Models under one name, by that name.
    AccessGroup,
    Provider,
    Deployment,
    /// The whole gateway; its id is empty.
    Proxy,
}

impl EntityKind {
    pub const ALL: [Self; 11] = [
        Self::Key,
        Self::User,
        Self::Team,
        Self::TeamMember,
        Self::Organization,
        Self::EndUser,
        Self::Tag,
        Self::AccessGroup,
        Self::Provider,
        Self::Deployment,
        Self::Proxy,
    ];

    /// As the database and the journal write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Team => "team",
            Self::TeamMember => "team_member",
            Self::Organization => "organization",
            Self::EndUser => "end_user",
            Self::Tag => "tag",
            Self::AccessGroup => "access_group",
            Self::Provider => "provider",
            Self::Deployment => "deployment",
            Self::Proxy => "proxy",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A holder of money: what it may spend is its budget, what it has spent its account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity {
    pub kind: EntityKind,
    pub id: Arc<str>,
}

/// Between the id of a holder and the model of one of its parts.
const OF_MODEL: &str = "#model=";

impl Entity {
    pub fn new(kind: EntityKind, id: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }

    /// The part of a holder that a budget for one model counts: an account beside the holder's.
    pub fn of_model(&self, model: &str) -> Self {
        Self::new(self.kind, format!("{}{OF_MODEL}{model}", self.id))
    }

    /// Whether it is such a part, whose spend is among the holder's.
    pub fn is_part(&self) -> bool {
        is_part(&self.id)
    }
}

/// Whether an id is that of a holder's part.
pub(super) fn is_part(id: &str) -> bool {
    id.contains(OF_MODEL)
}

/// As a pair: `["team", "t1"]`.
impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.kind, &*self.id).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (kind, id) = <(EntityKind, String)>::deserialize(from)?;
        Ok(Self::new(kind, id))
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.as_str(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in EntityKind::ALL {
            assert_eq!(EntityKind::parse(kind.as_str()), Some(kind));
            let entity = Entity::new(kind, "a");
            let text = serde_json::to_string(&entity).unwrap();
            assert_eq!(text, format!("[\"{}\",\"a\"]", kind.as_str()));
            assert_eq!(serde_json::from_str::<Entity>(&text).unwrap(), entity);
        }
        assert_eq!(EntityKind::parse("nobody"), None);
    }

    #[test]
    fn a_part_knows_that_it_is_one() {
        let team = Entity::new(EntityKind::Team, "t");
        assert!(team.of_model("gpt-4o").is_part() && !team.is_part());
        assert_eq!(&*team.of_model("m").id, "t#model=m");
    }
}
