//! Whether the gateway would run with a guardrail that is made or changed through the API: the whole
//! config is judged with it, and the plugin's schema with that.

use serde_json::{Map, Value, json};

use super::{Running, checked};
use crate::config::{GUARDRAIL_ID, Remark, STORED_GUARDRAIL};
use crate::domain::{ErrorKind, Fault};
use crate::judge;

/// Judges an entry of `guardrails`, in place of the stored one of its id.
pub(super) async fn check(running: &Running, entry: &Map<String, Value>) -> Result<(), Fault> {
    let mut entry = entry.clone();
    entry.insert(STORED_GUARDRAIL.to_owned(), true.into());
    // By itself first: what is wrong with it names its own field.
    checked(&json!({"guardrails": [&entry]}), "guardrails[0].")?;
    let mut stored = running.held.read().await?;
    let id = entry.get(GUARDRAIL_ID).cloned().unwrap_or_default();
    lay(&mut stored.guardrails, &id, entry);
    let judged = running.judge.judge(stored).await;
    let judged = judged.map_err(|wrong| refused(&wrong))?;
    let mut all = judged.config.guardrails.iter();
    let own = all.find(|it| it.is_stored && it.id.as_deref() == id.as_str());
    let own = own.ok_or_else(|| {
        let text = "`guardrail_name` is taken already by another guardrail";
        bad(text, "guardrail_name")
    })?;
    match judged.unfit.into_iter().find(|it| it.0 == own.name) {
        Some((_, why)) => {
            let param = why.param.unwrap_or_else(|| "litellm_params".to_owned());
            Err(bad(why.message, param))
        }
        None => Ok(()),
    }
}

/// In its place, or behind the others.
fn lay(all: &mut Vec<Value>, id: &Value, entry: Map<String, Value>) {
    let has_id = |it: &&mut Value| it.get(GUARDRAIL_ID) == Some(id);
    match all.iter_mut().find(has_id) {
        Some(place) => *place = entry.into(),
        None => all.push(entry.into()),
    }
}

/// The config would not be taken over, for a reason that may lie elsewhere in it.
fn refused(wrong: &[Remark]) -> Fault {
    let text = format!("the config would be wrong: {}", judge::in_words(wrong));
    bad(text, "guardrail")
}

fn bad(text: impl Into<String>, param: impl Into<String>) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, text);
    fault.with_param(param).with_status(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_entry_keeps_its_place_and_a_new_one_looks_last() {
        let entry = |id: &str, name: &str| {
            let it = json!({GUARDRAIL_ID: id, "guardrail_name": name});
            it.as_object().cloned().unwrap_or_default()
        };
        let mut all: Vec<Value> = vec![entry("1", "a").into(), entry("2", "b").into()];
        lay(&mut all, &json!("1"), entry("1", "c"));
        lay(&mut all, &json!("3"), entry("3", "d"));
        let names: Vec<_> = all.iter().map(|it| it["guardrail_name"].clone()).collect();
        assert_eq!(names, ["c", "b", "d"]);
    }
}
