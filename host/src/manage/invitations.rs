//! Invitations: links with which users choose their password. `/invitation/*` and the public
//! `/onboarding/*`, where the link's id is what proves the caller.

use serde_json::{Value, json};

use super::fault::{absent, bad, forbidden};
use super::fields::{Field, Kind, read};
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage, time, users};
use crate::auth::{Caller, Role};
use crate::domain::{ErrorKind, Fault, Secret};
use crate::store::{InvitationRow, Stamp, UserRow};

/// How long a link may be used, as in LiteLLM: 7 days.
const LIFETIME_MS: i64 = 7 * 24 * 3_600_000;

const ID: &[Field] = &[Field("invitation_id", Kind::Id)];

/// `POST /invitation/new`. Who administers a user's organisations may invite that user; a link
/// sets a password, so nobody else may.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let user = read(&input.body, &[&[Field("user_id", Kind::Id)]])?.need("user_id")?;
    may_invite(m, &rights, &user).await?;
    let mut work = m.work(&rights).await?;
    if work.get::<UserRow>(&user).await?.is_none() {
        return Err(super::keys::unknown("user_id", &user));
    }
    let row = InvitationRow {
        // 122 random bits: the id opens the account.
        id: uuid::Uuid::new_v4().to_string(),
        user_id: user,
        expires_at: work.now.saturating_add(LIFETIME_MS),
        stamp: Stamp::new(work.now, &work.actor),
        ..InvitationRow::default()
    };
    work.insert(&row).await?;
    work.commit().await?;
    Ok(shown(&row))
}

async fn may_invite(m: &Manage, rights: &Rights, user: &str) -> Result<(), Fault> {
    if rights.is_admin() {
        return Ok(());
    }
    let message = "you may not invite this user";
    if !m.leads_user(rights, user).await? {
        return Err(forbidden("user_id", message));
    }
    // Whoever claims the link becomes the user: no way up to an admin's account.
    let role = m.user(user).await?.role;
    let high = [Role::ProxyAdmin.as_str(), Role::ProxyAdminViewer.as_str()];
    if role.is_some_and(|it| high.contains(&it.as_str())) {
        return Err(forbidden("user_id", message));
    }
    Ok(())
}

/// `GET /invitation/info?invitation_id=`.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_admin("see invitations")?;
    let id = read(&input.query, &[ID])?.need("invitation_id")?;
    let row = m.store.get::<InvitationRow>(&id).await?;
    Ok(shown(&row.ok_or_else(|| {
        absent("invitation_id", "invitation", &id)
    })?))
}

/// `POST /invitation/update`: marks a link as used, or as unused again.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("change invitations")?;
    let given = read(&input.body, &[ID, &[Field("is_accepted", Kind::Flag)]])?;
    let id = given.need("invitation_id")?;
    let accepted = given.flag("is_accepted");
    let accepted = accepted.ok_or_else(|| super::fault::missing("is_accepted"))?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &id).await?;
    let mut row = before.clone();
    row.accepted = accepted;
    row.accepted_at = accepted.then_some(work.now);
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    Ok(shown(&row))
}

/// `POST /invitation/delete`.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let id = read(&input.body, &[ID])?.need("invitation_id")?;
    let found = m.store.get::<InvitationRow>(&id).await?;
    let found = found.ok_or_else(|| absent("invitation_id", "invitation", &id))?;
    if may_invite(m, &rights, &found.user_id).await.is_err() {
        return Err(forbidden("invitation_id", "this invitation is not yours"));
    }
    let mut work = m.work(&rights).await?;
    let row = need(&mut work, &id).await?;
    work.delete(std::slice::from_ref(&row)).await?;
    work.commit().await?;
    Ok(shown(&row))
}

async fn need(work: &mut Work<'_>, id: &str) -> Result<InvitationRow, Fault> {
    let row = work.get::<InvitationRow>(id).await?;
    row.ok_or_else(|| absent("invitation_id", "invitation", id))
}

/// `GET /onboarding/get_token?invite_link=`: whom the link is for.
pub(super) async fn open(m: &Manage, input: Input) -> Answer {
    let asked = read(&input.query, &[&[Field("invite_link", Kind::Text)]])?;
    let id = asked.need("invite_link")?;
    let row = usable(
        m.store.get::<InvitationRow>(&id).await?,
        m.now(),
        "invite_link",
    )?;
    let user = m.user(&row.user_id).await?;
    Ok(json!({
        "user_id": user.id,
        "user_email": user.email,
        "login_url": format!("{}/ui", m.settings().base_url.trim_end_matches('/')),
        "expires_at": time::iso(row.expires_at),
    }))
}

/// `POST /onboarding/claim_token`: sets the password and uses the link up.
pub(super) async fn claim(m: &Manage, input: Input) -> Answer {
    let fields = &[
        Field("invitation_link", Kind::Text),
        Field("user_id", Kind::Id),
        Field("password", Kind::Text),
    ];
    let given = read(&input.body, &[fields])?;
    let id = given.need("invitation_link")?;
    let user = given.need("user_id")?;
    let password = given.need("password")?;
    // Before the costly hash, so that strangers cannot keep threads busy.
    let found = m.store.get::<InvitationRow>(&id).await?;
    let found = usable(found, m.now(), "invitation_link")?;
    if found.user_id != user {
        return Err(bad("user_id", "this invitation is for another user"));
    }
    users::check_password(m, "password", &password)?;
    let hash = users::hash_password(&Secret::new(password)).await?;
    let rights = Rights::of_user(&user);
    let mut work = m.work(&rights).await?;
    let now = work.now;
    let before = usable(
        work.get::<InvitationRow>(&id).await?,
        now,
        "invitation_link",
    )?;
    let mut row = before.clone();
    row.accepted = true;
    row.accepted_at = Some(now);
    row.stamp.touch(now, &user);
    work.update("accepted", &before, &row).await?;
    let person = work.get::<UserRow>(&user).await?;
    let person = person.ok_or_else(|| absent("user_id", "user", &user))?;
    let mut changed = person.clone();
    changed.doc.password_hash = Some(hash);
    changed.stamp.touch(now, &user);
    work.update("password set", &person, &changed).await?;
    work.change.end_sessions_of(&user).await?;
    work.commit().await?;
    let shown = users::show_all(m, std::slice::from_ref(&changed))
        .await?
        .pop();
    Ok(shown.unwrap_or_default())
}

/// An invitation that can still be used.
fn usable(row: Option<InvitationRow>, now: i64, field: &str) -> Result<InvitationRow, Fault> {
    let refused = |message: &str| {
        Fault::caller(ErrorKind::Authentication, message)
            .with_param(field)
            .with_status(401)
    };
    let row = row.ok_or_else(|| refused("Invitation link does not exist."))?;
    if row.expires_at <= now {
        return Err(refused("Invitation link has expired."));
    }
    if row.accepted {
        return Err(refused("Invitation link has already been used."));
    }
    Ok(row)
}

fn shown(row: &InvitationRow) -> Value {
    json!({
        "id": row.id,
        "user_id": row.user_id,
        "is_accepted": row.accepted,
        "accepted_at": time::iso_or_null(row.accepted_at),
        "expires_at": time::iso(row.expires_at),
        "created_at": time::iso(row.stamp.created_at),
        "created_by": row.stamp.created_by,
        "updated_at": time::iso(row.stamp.updated_at),
        "updated_by": row.stamp.updated_by,
    })
}

/// Without the id, which opens the account.
impl Audited for InvitationRow {
    fn shown(&self) -> Value {
        let mut whole = shown(self);
        if let Some(whole) = whole.as_object_mut() {
            whole.shift_remove("id");
        }
        whole
    }

    fn audit_id(&self) -> &str {
        &self.user_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_ends_with_its_time_and_its_use() {
        let row = InvitationRow {
            expires_at: 10,
            ..InvitationRow::default()
        };
        assert!(usable(Some(row.clone()), 9, "it").is_ok());
        let used = InvitationRow {
            accepted: true,
            ..row.clone()
        };
        for (row, now) in [(Some(row), 10), (Some(used), 9), (None, 9)] {
            assert_eq!(usable(row, now, "it").unwrap_err().status, Some(401));
        }
    }
}
