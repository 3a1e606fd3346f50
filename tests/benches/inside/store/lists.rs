//! Pages of lists, as the management API asks for them.

use sluice::store::{Filter, KeyRow, Query, Record, Store, TeamRow, UserRow};

use super::holders::Holder;
use super::{line, median, now_ms};

async fn page<R: Record>(store: &Store, what: &str, query: Query) {
    let query = query.page(1, 100);
    let ms = median(async || store.list::<R>(&query).await.unwrap()).await;
    let found = store.list::<R>(&query).await.unwrap();
    line(
        &format!("{what} ({} of {})", found.rows.len(), found.total),
        ms,
    );
}

pub async fn keys(store: &Store, holders: &[Holder]) {
    for column in [
        "created_at",
        "updated_at",
        "alias",
        "name",
        "user_id",
        "team_id",
        "organization_id",
        "max_budget",
        "spend",
        "expires_at",
        "id",
    ] {
        for down in [true, false] {
            let way = if down { "down" } else { "up" };
            let query = Query::new().sorted(column, down);
            page::<KeyRow>(store, &format!("keys by {column}, {way}"), query).await;
        }
    }
    let last = Query::new().page(9_000, 100);
    let ms = median(async || store.list::<KeyRow>(&last).await.unwrap()).await;
    line("keys, the 9,000th page", ms);
    let one = &holders[holders.len() / 2];
    let now = now_ms();
    let in_force = || {
        let later = Filter::AtLeast("expires_at", now);
        let ahead = Filter::Any(vec![Filter::IsNull("expires_at"), later]);
        Query::new().is("blocked", false).with(ahead)
    };
    let alias = |part: &str| Filter::Contains("alias", part.to_owned());
    for (what, query) in [
        ("of a user", Query::new().is("user_id", one.user.as_str())),
        ("of a team", Query::new().is("team_id", one.team.as_str())),
        (
            "of a team, by spend",
            Query::new()
                .is("team_id", one.team.as_str())
                .sorted("spend", true),
        ),
        (
            "of an organisation",
            Query::new().is("organization_id", one.organization.as_str()),
        ),
        ("of a hash", Query::new().is("id", one.hash.as_str())),
        (
            "of an alias",
            Query::new().is("alias", "key 7 of a service"),
        ),
        ("in force", in_force()),
        ("in force, by spend", in_force().sorted("spend", true)),
        (
            "expired",
            Query::new()
                .is("blocked", false)
                .with(Filter::Below("expires_at", now)),
        ),
        ("blocked", Query::new().is("blocked", true)),
        (
            "with a part of an alias that few have",
            Query::new().with(alias("ey 77777")),
        ),
        (
            "with a part of an alias that all have",
            Query::new().with(alias("SERVICE")),
        ),
    ] {
        page::<KeyRow>(store, &format!("keys {what}"), query).await;
    }
}

pub async fn others(store: &Store) {
    for column in [
        "created_at",
        "updated_at",
        "id",
        "email",
        "alias",
        "role",
        "max_budget",
        "spend",
    ] {
        let query = Query::new().sorted(column, true);
        page::<UserRow>(store, &format!("users by {column}"), query).await;
    }
    let email = || "user77@example.com".to_owned();
    for (what, filter) in [
        ("of an email", Filter::Same("email", email())),
        (
            "with a part of an email",
            Filter::Contains("email", "ser77@".to_owned()),
        ),
        ("of a role", Filter::Is("role", "internal_user".into())),
    ] {
        let query = Query::new().with(filter);
        page::<UserRow>(store, &format!("users {what}"), query).await;
    }
    for column in [
        "created_at",
        "updated_at",
        "id",
        "alias",
        "max_budget",
        "spend",
    ] {
        let query = Query::new().sorted(column, true);
        page::<TeamRow>(store, &format!("teams by {column}"), query).await;
    }
    let part = Filter::Contains("alias", "number 77".to_owned());
    page::<TeamRow>(
        store,
        "teams with a part of an alias",
        Query::new().with(part),
    )
    .await;
}
