//! A user whom a token makes stands in the audit log, on both engines.

use super::{NOW, OwnerRules, Rows as _, StoredKeys};
use crate::store::tests::both;
use crate::store::{AuditFilter, Store};

both! {
    async fn a_user_made_by_a_token_is_in_the_log_once(store: &Store) {
        let keys = StoredKeys::new(store.clone(), OwnerRules::default());
        keys.add_user("u2", Some("u2@x.example"), NOW).await.unwrap();
        keys.add_user("u2", None, NOW).await.unwrap();
        let log = store.audit_log(&AuditFilter::default(), 10).await.unwrap();
        assert_eq!(log.len(), 1, "the second token makes nobody: {log:?}");
        let entry = &log[0].1;
        assert_eq!((entry.kind.as_str(), entry.id.as_str()), ("user", "u2"));
        assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("created", "u2"));
        assert_eq!((entry.at, &entry.before), (NOW, &None));
        assert!(entry.after.as_ref().unwrap().contains("u2@x.example"));
    }
}
