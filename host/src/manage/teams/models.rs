//! `POST /team/model/add` and `/team/model/delete`.

use super::update::need;
use crate::auth::Caller;
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::{Answer, Input, Manage};

const FIELDS: &[Field] = &[Field("team_id", Kind::Id), Field("models", Kind::Texts)];

pub(in crate::manage) async fn add(m: &Manage, caller: &Caller, input: Input) -> Answer {
    change(m, caller, &input, |models, named| {
        for model in named {
            if !models.contains(model) {
                models.push(model.clone());
            }
        }
        None
    })
    .await
}

/// A model that is not in the team's list is refused. The last one cannot go: an empty list
/// means every model.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    change(m, caller, &input, |models, named| {
        if let Some(other) = named.iter().find(|it| !models.contains(it)) {
            let other = crate::manage::fault::shown(other);
            return Some(format!("the team does not list the model `{other}`"));
        }
        models.retain(|it| !named.contains(it));
        let message = "the team's last model cannot be taken away, because an empty list means \
                       every model; block the team, or give it `no-default-models`";
        models.is_empty().then(|| message.to_owned())
    })
    .await
}

async fn change(
    m: &Manage,
    caller: &Caller,
    input: &Input,
    by: impl FnOnce(&mut Vec<String>, &[String]) -> Option<String>,
) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[FIELDS])?;
    let id = asked.need("team_id")?;
    let named = asked.texts("models");
    if named.is_empty() {
        return Err(missing("models"));
    }
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, &id).await?;
    let mut row = before.clone();
    if let Some(why) = by(&mut row.doc.models, &named) {
        return Err(bad("models", why));
    }
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(views.show(m, &row))
}
