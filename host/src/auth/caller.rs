//! The proven holder of a request.

use std::fmt;
use std::sync::Arc;

use super::grant::{Grant, KeyPart};
use crate::domain::KeyHash;

/// What a holder may do, in LiteLLM's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything but what only the master key may do.
    ProxyAdmin,
    /// Sees everything, changes nothing.
    ProxyAdminViewer,
    /// An internal user who administers at least one organisation.
    OrgAdmin,
    /// Has keys and spend of their own.
    InternalUser,
    /// Sees keys and spend of their own.
    InternalUserViewer,
    /// A key that belongs to no user: to a team, a service, or nobody.
    Team,
    /// A customer of the operator: may call models, nothing else.
    Customer,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::ProxyAdmin,
        Self::ProxyAdminViewer,
        Self::OrgAdmin,
        Self::InternalUser,
        Self::InternalUserViewer,
        Self::Team,
        Self::Customer,
    ];

    /// As the API and the database write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProxyAdmin => "proxy_admin",
            Self::ProxyAdminViewer => "proxy_admin_viewer",
            Self::OrgAdmin => "org_admin",
            Self::InternalUser => "internal_user",
            Self::InternalUserViewer => "internal_user_viewer",
            Self::Team => "team",
            Self::Customer => "customer",
        }
    }

    /// Reads a role; LiteLLM's older spellings of the viewers are read too.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "proxy_admin_view_only" => Some(Self::ProxyAdminViewer),
            "internal_user_view_only" => Some(Self::InternalUserViewer),
            _ => Self::ALL.into_iter().find(|role| role.as_str() == text),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The proven holder of a request. Only this room makes one, and only of a key, a token or a
/// gateway without a master key.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller(Proof);

#[derive(Debug, Clone, PartialEq)]
enum Proof {
    Master,
    Local,
    Granted(Arc<Grant>),
}

impl Caller {
    /// The operator. Whoever runs the process is one without a key, as benches are.
    pub const MASTER: Self = Self(Proof::Master);
    pub(super) const LOCAL: Self = Self(Proof::Local);

    pub(super) const fn granted(grant: Arc<Grant>) -> Self {
        Self(Proof::Granted(grant))
    }

    /// Nobody: for routes that the operator opened to everybody (`public_routes`). It owns nothing
    /// and sees nothing of anybody's.
    pub fn anonymous() -> Self {
        Self::granted(Arc::new(Grant::bare(Role::Customer)))
    }

    /// Holds the master key.
    pub const fn is_master(&self) -> bool {
        matches!(self.0, Proof::Master)
    }

    /// No master key is configured; the gateway listens on loopback only, and everybody on this
    /// machine is the operator.
    pub const fn is_local(&self) -> bool {
        matches!(self.0, Proof::Local)
    }

    /// What the key or token allows; None for the operator, who has no limits.
    pub const fn grant(&self) -> Option<&Arc<Grant>> {
        match &self.0 {
            Proof::Granted(grant) => Some(grant),
            Proof::Master | Proof::Local => None,
        }
    }

    pub fn role(&self) -> Role {
        self.grant().map_or(Role::ProxyAdmin, |grant| grant.role)
    }

    /// May do what the operator may.
    pub fn is_admin(&self) -> bool {
        self.role() == Role::ProxyAdmin
    }

    /// Sees everything, whether it may change it or not.
    pub fn sees_all(&self) -> bool {
        matches!(self.role(), Role::ProxyAdmin | Role::ProxyAdminViewer)
    }

    /// Sees the spend of all: who sees everything, and keys with `permissions.get_spend_routes`.
    pub fn sees_spend(&self) -> bool {
        let key = self.grant().and_then(|grant| grant.key.as_ref());
        self.sees_all() || key.is_some_and(KeyPart::opens_spend)
    }

    /// The hash of the virtual key, if one was used.
    pub fn key_hash(&self) -> Option<&KeyHash> {
        Some(&self.grant()?.key.as_ref()?.hash)
    }

    pub fn user_id(&self) -> Option<&str> {
        Some(&self.grant()?.user.as_ref()?.id)
    }

    pub fn team_id(&self) -> Option<&str> {
        Some(&self.grant()?.team.as_ref()?.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(
            Role::parse("proxy_admin_view_only"),
            Some(Role::ProxyAdminViewer)
        );
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn nobody_is_a_customer_without_anything() {
        let nobody = Caller::anonymous();
        assert!(!nobody.is_admin() && !nobody.sees_all() && nobody.user_id().is_none());
        assert!(nobody.key_hash().is_none() && nobody.team_id().is_none());
    }

    #[test]
    fn the_operator_is_an_admin_without_a_grant() {
        for caller in [Caller::MASTER, Caller::LOCAL] {
            assert!(caller.is_admin() && caller.grant().is_none() && caller.key_hash().is_none());
        }
    }
}
