//! The components, by the names of their providers.

use sluice_fixture::{Chunking, Fixture};
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::testing::{Outcome, replay, replay_at, run};
use sluice_sdk::{Call, Decoded, Error, Frame, Head, Provider, Reply, Step};

/// What a component makes of a piece of an answer.
type Decode = fn(Option<Head>, String, Vec<Frame>, bool) -> Result<Decoded, Error>;

/// A plugin's exports, natively.
pub struct Component {
    /// What it says of itself.
    pub document: Value,
    pub start: fn(&Call, &str) -> Result<Step, Error>,
    pub resume: fn(&Call, Vec<Reply>) -> Result<Step, Error>,
    pub decode: Decode,
    pub replay: fn(&Fixture) -> Result<Outcome, String>,
    /// Whether a fixture comes to what it expects.
    pub run: fn(&Fixture) -> Result<(), String>,
    pub replay_at: fn(&Fixture, Chunking) -> Result<Outcome, String>,
}

impl Component {
    fn of<P: Provider>() -> Self {
        Self {
            document: serde_json::from_str(&P::describe()).unwrap(),
            start: P::start,
            resume: P::resume,
            decode: P::decode,
            replay: replay::<P>,
            run: run::<P>,
            replay_at: replay_at::<P>,
        }
    }

    /// What it says of a provider, by name or alias.
    pub fn provider(&self, name: &str) -> Option<&Value> {
        let mut all = self.document["providers"].as_array().unwrap().iter();
        all.find(|it| {
            let mut aliases = it["aliases"].as_array().into_iter().flatten();
            it["name"] == name || aliases.any(|it| it == name)
        })
    }
}

/// Those that recordings or samples are of.
pub fn all() -> Vec<Component> {
    vec![
        Component::of::<sluice_plugin_anthropic::Anthropic>(),
        Component::of::<sluice_plugin_aws_polly::Polly>(),
        Component::of::<sluice_plugin_azure::Azure>(),
        Component::of::<sluice_plugin_azure_speech::AzureSpeech>(),
        Component::of::<sluice_plugin_bedrock::Bedrock>(),
        Component::of::<sluice_plugin_black_forest_labs::BlackForestLabs>(),
        Component::of::<sluice_plugin_cohere::Cohere>(),
        Component::of::<sluice_plugin_deepgram::Deepgram>(),
        Component::of::<sluice_plugin_elevenlabs::ElevenLabs>(),
        Component::of::<sluice_plugin_fal_ai::Fal>(),
        Component::of::<sluice_plugin_gemini::Gemini>(),
        Component::of::<sluice_plugin_gigachat::GigaChat>(),
        Component::of::<sluice_plugin_nlp_cloud::NlpCloud>(),
        Component::of::<sluice_plugin_ollama::Ollama>(),
        Component::of::<sluice_plugin_openai::OpenAi>(),
        Component::of::<sluice_plugin_openai_compatible::OpenAiCompatible>(),
        Component::of::<sluice_plugin_petals::Petals>(),
        Component::of::<sluice_plugin_replicate::Replicate>(),
        Component::of::<sluice_plugin_rerankers::Rerankers>(),
        Component::of::<sluice_plugin_runwayml::Runway>(),
        Component::of::<sluice_plugin_sagemaker::SageMaker>(),
        Component::of::<sluice_plugin_sap::Sap>(),
        Component::of::<sluice_plugin_soniox::Soniox>(),
        Component::of::<sluice_plugin_stability::Stability>(),
        Component::of::<sluice_plugin_triton::Triton>(),
        Component::of::<sluice_plugin_vertex_ai::VertexAi>(),
        Component::of::<sluice_plugin_watsonx::Watsonx>(),
    ]
}
