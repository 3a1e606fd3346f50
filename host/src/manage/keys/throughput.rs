//! `guaranteed_throughput`: what keys of a team are promised is never more than the team has.

use serde_json::{Map, Value};

use crate::domain::Fault;
use crate::manage::fault::bad;
use crate::manage::work::Work;
use crate::store::{KeyRow, Limits, Query, TeamRow};

/// Keys that are read at once.
const PAGE: u64 = 1_000;

/// A limit, and the field that says whether it is a promise.
struct Promise {
    limit: &'static str,
    kind: &'static str,
    whole: fn(&Limits) -> Option<i64>,
    by_model: fn(&Limits) -> &Map<String, Value>,
}

const PROMISES: [Promise; 2] = [
    Promise {
        limit: "rpm_limit",
        kind: "rpm_limit_type",
        whole: |it| it.rpm_limit,
        by_model: |it| &it.model_rpm_limit,
    },
    Promise {
        limit: "tpm_limit",
        kind: "tpm_limit_type",
        whole: |it| it.tpm_limit,
        by_model: |it| &it.model_tpm_limit,
    },
];

impl Promise {
    fn is_made(&self, row: &KeyRow) -> bool {
        let said = row.doc.metadata.get(self.kind).and_then(Value::as_str);
        said == Some("guaranteed_throughput")
    }
}

/// Checks a key that is about to be written, in place of the one with the id `replaces`.
///
/// # Errors
/// Its promises and those of the team's other keys are more than the team's limit.
pub(super) async fn check(work: &mut Work<'_>, row: &KeyRow, replaces: &str) -> Result<(), Fault> {
    let Some(team_id) = &row.team_id else {
        return Ok(());
    };
    let made: Vec<&Promise> = PROMISES.iter().filter(|it| it.is_made(row)).collect();
    if made.is_empty() {
        return Ok(());
    }
    let Some(team) = work.get::<TeamRow>(team_id).await? else {
        return Ok(());
    };
    let others = keys_of(work, team_id, replaces).await?;
    let (own, of_team) = (&row.doc.limits, &team.doc.limits);
    for promise in made {
        let others: Vec<&Limits> = others
            .iter()
            .filter(|it| promise.is_made(it))
            .map(|it| &it.doc.limits)
            .collect();
        let name = promise.limit;
        let given = others.iter().filter_map(|it| (promise.whole)(it));
        let limits = ((promise.whole)(own), (promise.whole)(of_team));
        fits(name, limits, given)?;
        for (model, value) in (promise.by_model)(own) {
            let of = |it: &Limits| (promise.by_model)(it).get(model).and_then(Value::as_i64);
            let given = others.iter().filter_map(|it| of(it));
            fits(
                &format!("model_{name}.{model}"),
                (value.as_i64(), of(of_team)),
                given,
            )?;
        }
    }
    Ok(())
}

fn fits(
    name: &str,
    (own, most): (Option<i64>, Option<i64>),
    given: impl Iterator<Item = i64>,
) -> Result<(), Fault> {
    let Some((own, most)) = own.zip(most) else {
        return Ok(());
    };
    let given = given.fold(0, i64::saturating_add);
    if given.saturating_add(own) <= most {
        return Ok(());
    }
    let message = format!(
        "`{name}` is {own} and guaranteed; other keys of the team are guaranteed {given} of the \
         {most} that the team has"
    );
    Err(bad(name, message))
}

async fn keys_of(work: &mut Work<'_>, team: &str, but: &str) -> Result<Vec<KeyRow>, Fault> {
    let mut keys = Vec::new();
    for page in 1.. {
        let query = Query::new().is("team_id", team).page(page, PAGE);
        let rows = work.change.list::<KeyRow>(&query).await?.rows;
        let last = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        keys.extend(rows.into_iter().filter(|it| it.id != but));
        if last {
            break;
        }
    }
    Ok(keys)
}
