//! What is asked about guardrails, and a guardrail that is asked alone.

use serde_json::{Map, Value, json};

use super::choose::{Naming, Wanted, choose};
use super::set::{Guard, written};
use crate::auth::Caller;
use crate::config::{self, Config, MASK, Stage};
use crate::domain::{CallId, ErrorKind, Fault};
use crate::pipeline::request::Operation;
use crate::pipeline::run::Pipeline;

use super::call::{Call, Guarded};
use super::texts::Way;

/// Longest text that is looked at alone, in bytes.
const LONGEST: usize = 1 << 20;

impl Pipeline {
    /// Every guardrail, as LiteLLM lists them.
    pub fn guardrails(&self) -> Vec<Value> {
        let fleet = self.fleet();
        let all = fleet.guards.all().iter();
        all.map(|it| shown(it, &fleet.config)).collect()
    }

    /// One guardrail looks at one text: `POST /guardrails/apply_guardrail`.
    ///
    /// # Errors
    /// There is no such guardrail, or it refuses.
    pub async fn apply_guardrail(
        &self,
        (caller, id): (&Caller, &CallId),
        asked: &Value,
    ) -> Result<Value, Fault> {
        let text = |name: &str| {
            let found = asked.get(name).and_then(Value::as_str);
            found.filter(|it| !it.is_empty()).ok_or_else(|| {
                let text = format!("`{name}` is missing, or no text");
                Fault::caller(ErrorKind::InvalidRequest, text).with_param(name)
            })
        };
        let (name, said) = (text("guardrail_name")?, text("text")?);
        if said.len() > LONGEST {
            let text = format!("`text` has more than {LONGEST} bytes");
            return Err(Fault::caller(ErrorKind::InvalidRequest, text).with_param("text"));
        }
        let fleet = self.fleet();
        let mut wanted = Wanted::default();
        wanted.0.insert(name.to_owned(), Value::Null);
        let naming = Naming {
            caller,
            wanted: &wanted,
            tags: &[],
            more: Vec::new(),
        };
        let mut chosen = choose(&fleet.guards, &naming)?;
        chosen.retain(|it| it.guard.entry.name == name);
        let stage = chosen.first().and_then(|it| it.stages.first().copied());
        let call = Call::about(caller, id, (Operation::Chat, ""));
        let Some(mut guarded) = Guarded::of(self.house(), call, chosen) else {
            let text = format!("the guardrail `{name}` has no `mode` in which it would look");
            return Err(Fault::caller(ErrorKind::InvalidRequest, text));
        };
        let stage = stage.unwrap_or(Stage::Pre);
        let way = match stage {
            Stage::Pre | Stage::During => Way::In,
            Stage::Post | Stage::Log => Way::Out,
        };
        let body = json!({ "text": said }).to_string();
        guarded = guarded.shaped("text");
        let changed = guarded.change(stage, way, body.as_bytes(), None).await?;
        let changed = changed.and_then(|it| serde_json::from_slice::<Value>(&it).ok());
        let changed = changed.and_then(|it| Some(it.get("text")?.as_str()?.to_owned()));
        Ok(json!({
            "response_text": changed.unwrap_or_else(|| said.to_owned()),
            "guardrail_information": guarded.report.decisions(),
        }))
    }
}

fn shown(guard: &Guard, config: &Config) -> Value {
    let entry = &guard.entry;
    let modes = |stages: &[Stage]| -> Value { stages.iter().map(|it| it.mode()).collect() };
    let mode = match entry.by_tag.is_empty() {
        true => modes(&entry.stages),
        false => {
            let tags = entry.by_tag.iter();
            let tags: Map<String, Value> = tags.map(|(tag, it)| (tag.clone(), modes(it))).collect();
            json!({"tags": tags, "default": modes(&entry.stages)})
        }
    };
    // As they are written: what a variable holds is not everybody's to know, and no secret is.
    let written = written(config, &entry.name).cloned();
    let mut params = written.unwrap_or_else(|| config::masked(&entry.settings));
    // Nor where it leads to.
    params.shift_remove("api_base");
    params.extend(entry.secrets.keys().map(|it| (it.clone(), MASK.into())));
    for (name, value) in [
        ("guardrail", json!(entry.kind)),
        ("mode", mode),
        ("default_on", json!(entry.default_on)),
        ("timeout", json!(entry.timeout.as_secs_f64())),
        (
            "unreachable_fallback",
            json!(if entry.fails_open {
                "fail_open"
            } else {
                "fail_closed"
            }),
        ),
    ] {
        params.insert(name.to_owned(), value);
    }
    let plugin = guard.ready.as_ref().ok();
    let plugin = plugin.map(|it| it.hook.generation.describe.name.clone());
    json!({
        "guardrail_id": entry.id,
        "guardrail_name": entry.name,
        "litellm_params": params,
        "guardrail_info": entry.info,
        "guardrail_definition_location": if entry.is_stored { "db" } else { "config" },
        "plugin": plugin,
        // Why it cannot look.
        "fault": guard.ready.as_ref().err().map(|it| it.message.clone()),
    })
}
