//! One check of one deployment.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout};

use super::{Checked, State};
use crate::config::{Config, Deployment, Taken};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::attempt::{Attempt, Outcome};
use crate::pipeline::fleet::{Fleet, Line};
use crate::pipeline::mock;
use crate::pipeline::opening;
use crate::pipeline::reached::{blame, probe};
use crate::pipeline::request::{ClientRequest, Operation};
use crate::pipeline::run::Pipeline;
use crate::pipeline::shape;
use crate::pipeline::sound::Sound;
use crate::pipeline::source::Events;
use crate::pipeline::uploads::{FileContent, Upload, Uploads};

/// LiteLLM's.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Enough for every provider's least, and next to nothing.
const MAX_TOKENS: u32 = 16;

/// How much of nothing is to be transcribed: a tenth of a second, in samples.
const SILENCE: usize = 1600;

/// What a deployment is asked, and the files with it.
type Question = (Operation, Value, Uploads);

impl Pipeline {
    /// Asks one deployment of a fleet how it is.
    pub async fn check(&self, fleet: &Fleet, deployment: &Arc<Deployment>) -> Checked {
        let begun = Instant::now();
        let line = fleet.line(&deployment.id);
        let model = model_of(deployment);
        let state = match (&line, &model) {
            (Err(fault), _) => State::Unhealthy(fault.clone()),
            (Ok(_), Err(why)) => State::Unchecked(why.clone()),
            (Ok(line), Ok(model)) => match self.question(line, model) {
                Err(why) => State::Unchecked(why),
                Ok(question) => self.put(line, model, question).await,
            },
        };
        let provider = deployment.provider.clone();
        self.metrics().health_check(&provider, state.as_str());
        Checked {
            id: deployment.id.clone(),
            group: deployment.group.as_str().to_owned(),
            provider,
            model: model.unwrap_or_else(|_| deployment.model.clone()),
            mode: deployment.info.mode.clone(),
            api_base: line.ok().and_then(|it| it.api_base.clone()),
            at_ms: now_ms(),
            took: begun.elapsed(),
            state,
        }
    }

    /// Asks a deployment that is in no config, of these parameters; beside it stands what is in
    /// force. A private address needs `trust_stored_api_base`, as for models of the database.
    ///
    /// # Errors
    /// There cannot be such a deployment, and why.
    pub async fn check_params(
        &self,
        params: &Map<String, Value>,
        info: &Map<String, Value>,
    ) -> Result<Checked, Fault> {
        let fleet = self.fleet();
        let mut info = info.clone();
        info.insert("db_model".to_owned(), true.into());
        let file = json!({"model_list": [{"model_name": "health check", "litellm_params": params,
            "model_info": info}]});
        let read = Config::parse(&file.to_string(), fleet.config.env.clone());
        let (read, remarks) = read.map_err(|cause| wrong("request_body", cause.to_string()))?;
        let mistake = remarks.into_iter().find(|it| it.taken == Taken::Wrong);
        if let Some(it) = mistake {
            let path = it.path.strip_prefix("model_list[0].");
            let path = path.unwrap_or(&it.path).to_owned();
            return Err(wrong(&path, format!("`{path}` {}", it.text)));
        }
        let mut config = Config::clone(&fleet.config);
        config.groups = read.groups.clone();
        let fleet = Fleet::build(Arc::new(config), &self.plugins().table());
        let deployment = fleet.config.groups.deployments().next();
        let deployment = deployment
            .ok_or_else(|| wrong("litellm_params", "`litellm_params` are of no deployment"))?;
        Ok(self.check(&fleet, deployment).await)
    }

    /// What is asked of a deployment, by its mode: its own, or that of its model's price.
    fn question(&self, line: &Line, model: &str) -> Result<Question, String> {
        let prices = self.accounting().prices();
        let own = line.deployment.info.mode.as_deref();
        let priced = line.price(&prices, model).filter(|_| own.is_none());
        let mode = own.or(priced.as_deref().map(|it| &*it.mode)).unwrap_or("");
        let most = line
            .deployment
            .info
            .checkup
            .max_tokens
            .unwrap_or(MAX_TOKENS);
        if own.is_none() && costs(mode) {
            return Err(format!(
                "a check of mode `{mode}` costs money: `model_info.mode: {mode}` allows it"
            ));
        }
        question(mode, most).ok_or_else(|| {
            format!(
                "a deployment of mode `{mode}` cannot be checked: no call of its kind is served"
            )
        })
    }

    async fn put(&self, line: &Arc<Line>, model: &str, question: Question) -> State {
        let limit = line.deployment.info.checkup.timeout.unwrap_or(TIMEOUT);
        match timeout(limit, self.ask(line, model, question)).await {
            Ok(Ok(())) => State::Healthy,
            Ok(Err(mut fault)) => {
                line.target.redact(&mut fault);
                State::Unhealthy(fault)
            }
            Err(_) => {
                let message = format!("no answer within {} seconds", limit.as_secs_f64());
                State::Unhealthy(Fault::upstream(ErrorKind::Timeout, message))
            }
        }
    }

    /// The way of an attempt, as far as there is an answer.
    async fn ask(&self, line: &Arc<Line>, model: &str, question: Question) -> Result<(), Fault> {
        if line.deployment.mock_timeout {
            return Err(mock::timeout(line.target.timeouts.total).await);
        }
        if let Some(text) = &line.deployment.mock_response {
            return mock::answer(text).map(drop);
        }
        let (operation, mut body, files) = question;
        body["model"] = model.into();
        let body = Bytes::from(body.to_string());
        let request = ClientRequest::of_form(operation, (body, files), None, Vec::new())?;
        // What a model does not take (`max_tokens`, say) is no reason to call it ill.
        let attempt = Attempt::new(
            self.upstream(),
            &request,
            Arc::clone(line),
            model,
            (0, true),
            None,
        );
        let (attempt, guest_body) = attempt.await?;
        let (outcome, _) = attempt.run(guest_body).await;
        match outcome? {
            Outcome::Whole {
                body,
                usage,
                is_plugins,
                content_type,
            } => shape::whole(&request, &body, usage, content_type.as_deref())
                .map(drop)
                .map_err(|fault| blame(fault, is_plugins, &body)),
            Outcome::Sound(reply) => Sound::begin(reply).await.map(drop),
            Outcome::Bytes(_) | Outcome::Live(_) => Ok(()),
            Outcome::Stream(source) => {
                let mut first = Events::default();
                opening::read(source, &mut first).await?;
                probe(&request, &first).0
            }
        }
    }
}

/// The model that is asked; the reason why there is none.
fn model_of(deployment: &Deployment) -> Result<String, String> {
    if let Some(model) = &deployment.info.checkup.model {
        let own = format!("{}/", deployment.provider);
        return Ok(model.strip_prefix(&own).unwrap_or(model).to_owned());
    }
    if deployment.model.contains('*') {
        return Err(format!(
            "`{}` is no model: name one by `model_info.health_check_model`",
            deployment.model
        ));
    }
    Ok(deployment.model.clone())
}

/// The least that can be asked in a mode. None: no operation of ours serves it.
fn question(mode: &str, most: u32) -> Option<Question> {
    const HI: &str = "Hi";
    let (operation, body) = match mode {
        "" | "chat" => (
            Operation::Chat,
            json!({"messages": [{"role": "user", "content": HI}], "max_tokens": most}),
        ),
        "completion" => (
            Operation::Completions,
            json!({"prompt": HI, "max_tokens": most}),
        ),
        "embedding" => (Operation::Embeddings, json!({"input": [HI]})),
        "responses" => (
            Operation::Responses,
            json!({"input": HI, "max_output_tokens": most}),
        ),
        "rerank" => (
            Operation::Rerank,
            json!({"query": HI, "documents": [HI], "top_n": 1}),
        ),
        "moderation" => (Operation::Moderations, json!({"input": HI})),
        "image_generation" => (
            Operation::ImagesGenerate,
            json!({"prompt": "a dot", "n": 1}),
        ),
        "audio_speech" => (Operation::Speech, json!({"input": HI, "voice": "alloy"})),
        "audio_transcription" => (Operation::Transcribe, json!({})),
        _ => return None,
    };
    let files = match operation {
        Operation::Transcribe => Uploads::new(vec![silence()]),
        _ => Uploads::default(),
    };
    Some((operation, body, files))
}

/// Whether one question costs more than a word does.
fn costs(mode: &str) -> bool {
    matches!(
        mode,
        "image_generation" | "audio_speech" | "audio_transcription"
    )
}

/// A short sound in which nothing is said: WAVE, 16 kHz, one channel of 8 bits.
fn silence() -> Upload {
    const RATE: u32 = 16_000;
    let length = u32::try_from(SILENCE).unwrap_or(0);
    let mut wave = Vec::with_capacity(SILENCE + 44);
    wave.extend_from_slice(b"RIFF");
    wave.extend_from_slice(&(length + 36).to_le_bytes());
    wave.extend_from_slice(b"WAVEfmt ");
    wave.extend_from_slice(&16u32.to_le_bytes());
    for half in [1u16, 1] {
        wave.extend_from_slice(&half.to_le_bytes());
    }
    for whole in [RATE, RATE] {
        wave.extend_from_slice(&whole.to_le_bytes());
    }
    for half in [1u16, 8] {
        wave.extend_from_slice(&half.to_le_bytes());
    }
    wave.extend_from_slice(b"data");
    wave.extend_from_slice(&length.to_le_bytes());
    // Of 8 bits, the middle is silence.
    wave.resize(wave.len() + SILENCE, 128);
    Upload {
        field: "file".to_owned(),
        filename: "silence.wav".to_owned(),
        content_type: "audio/wav".to_owned(),
        content: FileContent::Held(wave.into()),
    }
}

fn wrong(param: &str, message: impl Into<String>) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, message);
    fault.with_param(param).with_status(400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_a_request_of_its_operation() {
        for mode in [
            "",
            "chat",
            "completion",
            "embedding",
            "responses",
            "rerank",
            "moderation",
            "image_generation",
            "audio_speech",
            "audio_transcription",
        ] {
            let (operation, mut body, files) = question(mode, 16).unwrap();
            body["model"] = "m".into();
            let body = Bytes::from(body.to_string());
            let request = ClientRequest::of_form(operation, (body, files), None, Vec::new());
            assert!(!request.unwrap().controls.stream, "{mode}");
        }
        assert!(question("realtime", 16).is_none());
    }

    #[test]
    fn what_costs_is_asked_of_those_only_that_are_meant_for_it() {
        assert!(costs("image_generation") && costs("audio_speech"));
        assert!(!costs("chat") && !costs("embedding") && !costs("rerank"));
    }

    #[test]
    fn silence_is_a_sound_of_the_length_that_it_says() {
        let Upload {
            content: FileContent::Held(wave),
            ..
        } = silence()
        else {
            panic!("it is in memory");
        };
        let number = |at: usize| u32::from_le_bytes(wave[at..at + 4].try_into().unwrap());
        assert_eq!((&wave[..4], &wave[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!(number(4) as usize, wave.len() - 8);
        assert_eq!(number(40) as usize, wave.len() - 44);
    }
}
