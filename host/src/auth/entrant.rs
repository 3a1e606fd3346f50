//! Who signed in: what a session remembers of its holder. What the holder may is asked anew with each
//! request.

use crate::domain::KeyHash;

/// Somebody who was proven once, at a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrant {
    /// By the master key.
    Master,
    /// By the operator's own name and password; the user's id.
    Admin(String),
    /// By a virtual key.
    Key(KeyHash),
    /// By a password of their own or an identity provider; the user's id.
    User(String),
}

impl Entrant {
    /// As the database writes it: the kind, and whose of that kind.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Master => ("master", ""),
            Self::Admin(id) => ("admin", id),
            Self::Key(hash) => ("key", hash.as_str()),
            Self::User(id) => ("user", id),
        }
    }

    /// Reads what [`Self::parts`] wrote.
    pub fn of_parts(kind: &str, holder: &str) -> Option<Self> {
        match kind {
            "master" => Some(Self::Master),
            "admin" => Some(Self::Admin(holder.to_owned())),
            "key" => Some(Self::Key(KeyHash::new(holder))),
            "user" => Some(Self::User(holder.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entrant_reads_back_as_it_is_written() {
        for who in [
            Entrant::Master,
            Entrant::Admin("default_user_id".to_owned()),
            Entrant::Key(KeyHash::new("ab12")),
            Entrant::User("ann".to_owned()),
        ] {
            let (kind, holder) = who.parts();
            assert_eq!(Entrant::of_parts(kind, holder), Some(who.clone()));
        }
        assert_eq!(Entrant::of_parts("root", ""), None);
    }
}
