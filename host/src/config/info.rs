//! `model_info`: what the operator says of a model.

use serde_json::{Map, Value};

use super::env::Env;
use super::health::Checkup;
use super::policies::Cooldowns;
use super::remarks::{Remarks, Taken, hint};
use super::section::Section;

/// What the operator says of a model. Prices of `litellm_params` stand here too.
#[derive(Debug, Clone, Default)]
pub struct ModelInfo {
    pub id: Option<String>,
    /// `chat`, `embedding`, ...: what it is for.
    pub mode: Option<String>,
    /// The model whose prices and limits it has.
    pub base_model: Option<String>,
    pub access_groups: Vec<String>,
    /// It is neither served nor listed.
    pub blocked: bool,
    /// How it is asked whether it is well.
    pub checkup: Checkup,
    /// Prices, limits, `supports_*` and whatever else stands there.
    pub rest: Map<String, Value>,
}

/// Known to LiteLLM, without effect yet; somebody may rely on it.
const UNENFORCED: &str = "access_windows";

const MODES: &[&str] = &[
    "chat",
    "completion",
    "embedding",
    "image_generation",
    "image_edit",
    "audio_speech",
    "audio_transcription",
    "moderation",
    "moderations",
    "rerank",
    "responses",
    "realtime",
    "batch",
    "ocr",
    "search",
    "vector_store",
    "video_generation",
];

impl ModelInfo {
    /// The model was made through the API, and is not the file's.
    pub fn is_stored(&self) -> bool {
        self.rest.get("db_model").and_then(Value::as_bool) == Some(true)
    }

    /// Reads `model_info`, and the one that may stand inside `litellm_params`; what they have of
    /// cooldowns too.
    pub fn read(
        path: &str,
        values: [Option<Value>; 2],
        cooldowns: &mut Cooldowns,
        env: &Env,
        remarks: &mut Remarks,
    ) -> Self {
        let mut info = Self::default();
        for (path, value) in [path, &format!("{path}.litellm_params")].iter().zip(values) {
            let mut section = Section::new(&format!("{path}.model_info"), value, env, remarks);
            info.id = info.id.or(section.text("id"));
            info.base_model = info.base_model.or(section.text("base_model"));
            let groups = section.texts("access_groups").unwrap_or_default();
            info.access_groups.extend(groups);
            if let Some(mode) = section.text("mode") {
                if !MODES.contains(&mode.as_str()) {
                    let hint = hint(&mode, MODES.iter().copied());
                    section.say(
                        Taken::Warning,
                        "mode",
                        format!("is `{mode}`, which is no mode of LiteLLM's{hint}"),
                    );
                }
                info.mode.get_or_insert(mode);
            }
            for name in ["allowed_fails", "allowed_fails_policy"] {
                let written = section.peek(name).cloned();
                info.rest.extend(written.map(|it| (name.to_owned(), it)));
            }
            cooldowns.read_allowed(&mut section);
            let written = info.checkup.read(&mut section).into_iter();
            let written = written.map(|(name, it)| (name.to_owned(), it));
            info.rest.extend(written);
            if let Some(blocked) = section.flag("blocked") {
                info.blocked |= blocked;
                info.rest.insert("blocked".into(), info.blocked.into());
            }
            for name in section.names() {
                if let Some(value) = section.resolved(&name) {
                    let name_of = name.as_str();
                    if name_of == UNENFORCED {
                        let text = "is not enforced yet: do not rely on it";
                        section.say(Taken::Warning, name_of, text);
                    }
                    info.rest.entry(name).or_insert(value);
                }
            }
        }
        info
    }
}
