//! Names that must not be mixed up.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

name! {
    /// One client request, as `x-litellm-call-id` names it. Ours only, never the client's.
    CallId
}
name! {
    /// One `model_list` entry: `model_info.id`, else a hash of its name and parameters.
    DeploymentId
}
name! {
    /// The public `model_name` that clients ask for.
    ModelGroup
}
name! {
    /// SHA-256 of a virtual key, in lower-case hex: what the database knows of it.
    KeyHash
}

impl CallId {
    /// A fresh one of this moment, in milliseconds since 1970. Ids sort by it, so that a database
    /// adds a row at the end of its index instead of anywhere.
    pub fn fresh(now_ms: i64) -> Self {
        let now = u64::try_from(now_ms).unwrap_or(0);
        // The generator is seeded from the system's, without asking it for each call.
        let id = uuid::Builder::from_unix_timestamp_millis(now, &rand::random()).into_uuid();
        Self::new(
            id.hyphenated()
                .encode_lower(&mut uuid::Uuid::encode_buffer()) as &str,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_calls_differ_and_sort_by_their_time() {
        let ids: Vec<CallId> = (1_790_000_000_000..1_790_000_000_100)
            .map(CallId::fresh)
            .collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert_ne!(CallId::fresh(1), CallId::fresh(1));
        assert_eq!(ids[0].as_str().len(), 36);
    }
}
