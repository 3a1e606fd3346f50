//! Users who come from an identity provider: found, brought up to date, or made.

use serde_json::{Map, Value};

use super::create::create_with;
use crate::auth::Role;
use crate::domain::{ErrorKind, Fault};
use crate::manage::Manage;
use crate::manage::rights::Rights;
use crate::manage::work::Work;
use crate::store::{Filter, Query, UserRow};

/// Who changed a row, for the audit log.
const ACTOR: &str = "sso";

/// Somebody whom an identity provider proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SsoPerson {
    /// As the provider calls them, for good.
    pub id: String,
    pub email: Option<String>,
    /// The provider vouches for it.
    pub email_is_proven: bool,
    pub name: Option<String>,
    /// What the provider says they may; None: it says nothing.
    pub role: Option<Role>,
}

impl Manage {
    /// The id of the person's user: the one with this `sso_user_id`; else the one with this e-mail
    /// address, if the provider vouches for it, who is theirs from now on; else a new one, with
    /// what `default_internal_user_params` say. A role that the provider gives is the user's role.
    ///
    /// # Errors
    /// The id or the address is another user's.
    pub async fn sso_user(&self, person: &SsoPerson) -> Result<String, Fault> {
        let rights = Rights::of_job(ACTOR);
        let mut work = self.work(&rights).await?;
        match find(&mut work, person).await? {
            Some(row) => {
                bring(&mut work, &row, person).await?;
                work.commit().await?;
                Ok(row.id)
            }
            None => {
                drop(work);
                self.make_or_find(&rights, person).await
            }
        }
    }

    async fn make_or_find(&self, rights: &Rights, person: &SsoPerson) -> Result<String, Fault> {
        let Err(fault) = self.make(rights, person).await else {
            return Ok(person.id.clone());
        };
        // The same person may have signed in twice at once.
        let mut work = self.work(rights).await?;
        let found = find(&mut work, person).await?;
        found.map(|it| it.id).ok_or_else(|| taken(fault, person))
    }

    async fn make(&self, rights: &Rights, person: &SsoPerson) -> Result<(), Fault> {
        let text = |text: &str| Value::from(text);
        let mut body = Map::new();
        body.insert("user_id".to_owned(), text(&person.id));
        body.insert("sso_user_id".to_owned(), text(&person.id));
        body.insert("auto_create_key".to_owned(), false.into());
        if let Some(email) = &person.email {
            body.insert("user_email".to_owned(), text(email));
        }
        if let Some(name) = &person.name {
            body.insert("user_alias".to_owned(), text(name));
        }
        let default = self.settings().default_user.contains_key("user_role");
        // LiteLLM's: who nobody spoke for looks on.
        let usual = (!default).then_some(Role::InternalUserViewer);
        if let Some(role) = person.role.or(usual) {
            body.insert("user_role".to_owned(), text(role.as_str()));
        }
        create_with(self, rights, &body).await.map(drop)
    }
}

async fn find(work: &mut Work<'_>, person: &SsoPerson) -> Result<Option<UserRow>, Fault> {
    let known = Query::new().is("sso_id", person.id.as_str()).page(1, 1);
    if let Some(row) = work.change.list::<UserRow>(&known).await?.rows.pop() {
        return Ok(Some(row));
    }
    let Some(email) = person.email.as_ref().filter(|_| person.email_is_proven) else {
        return Ok(None);
    };
    let invited = Query::new().with(Filter::Same("email", email.clone()));
    let mut rows = work.change.list::<UserRow>(&invited.page(1, 2)).await?.rows;
    let only = (rows.len() == 1).then(|| rows.pop()).flatten();
    // Somebody else of the provider's may have had the address before.
    Ok(only.filter(|it| it.sso_id.is_none()))
}

async fn bring(work: &mut Work<'_>, before: &UserRow, person: &SsoPerson) -> Result<(), Fault> {
    let mut row = before.clone();
    row.sso_id = Some(person.id.clone());
    if let Some(role) = person.role {
        row.role = Some(role.as_str().to_owned());
    }
    row.alias = row.alias.or_else(|| person.name.clone());
    if row == *before {
        return Ok(());
    }
    row.stamp.touch(work.now, &work.actor);
    work.update("signed in", before, &row).await
}

/// The id or the address is somebody else's: what to do about it.
fn taken(fault: Fault, person: &SsoPerson) -> Fault {
    let what = match fault.param.as_deref() {
        Some("user_id") => format!("id `{}`", person.id),
        Some("user_email") => "e-mail address".to_owned(),
        Some("sso_user_id") => "account at the identity provider".to_owned(),
        _ => return fault,
    };
    let message = format!(
        "there is a user with your {what} already who did not come from the identity provider; a \
         proxy admin can join the two by `/user/update` with that user's `user_id` and \
         `sso_user_id: {}`",
        person.id
    );
    Fault::caller(ErrorKind::Permission, message)
        .with_param("sso_user_id")
        .with_status(403)
}
