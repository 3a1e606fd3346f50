//! Whose what a caller makes is, where it may be asked for again: a response, a file, a batch. One
//! rule for all of them.

use crate::auth::Caller;

/// The caller's user, else its team, else its key alone; the operator's own things are the operator's.
/// A conversation or a file of a person is not for everybody in the team, and what is a user's or a
/// team's outlives the key that it was made with. None: nobody could ask for it.
pub fn owner(caller: &Caller) -> Option<String> {
    let user = caller.user_id().map(|it| format!("user:{it}"));
    let team = || caller.team_id().map(|it| format!("team:{it}"));
    let key = || caller.key_hash().map(|it| format!("key:{}", it.as_str()));
    let operator = || caller.is_admin().then(|| "operator".to_owned());
    user.or_else(team).or_else(key).or_else(operator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::samples::{self, key_of};
    use crate::auth::{Role, hash_key};

    #[test]
    fn the_narrowest_holder_that_outlives_a_key_owns_what_is_made() {
        let key = format!("key:{}", hash_key("sk-sample-0123456789").as_str());
        for (user, team, owns) in [
            (Some("u"), Some("t"), "user:u"),
            (Some("u"), None, "user:u"),
            (None, Some("t"), "team:t"),
            (None, None, &*key),
        ] {
            assert_eq!(owner(&key_of(user, team)).as_deref(), Some(owns));
        }
        let admin = samples::person(Role::ProxyAdmin, "ann");
        assert_eq!(owner(&admin).as_deref(), Some("user:ann"));
        assert_eq!(owner(&samples::master()).as_deref(), Some("operator"));
        assert_eq!(owner(&Caller::anonymous()), None);
    }
}
