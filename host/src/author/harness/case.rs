//! One fixture, of whichever kind, and what comes of it in a component.

use serde_json::Value;
use sluice_engine::Plugin;
use sluice_fixture::{Chunking, Fixture};

use super::watched::{Request, Watched};
use crate::author::documents::{Document, Schema};
use crate::plugins::examples::driver;
use crate::plugins::hook_examples::{self, HookExample};

/// A call, and what is to come of it.
#[derive(Debug, Clone)]
pub enum Case {
    Provider(Box<Fixture>),
    Hook(Box<HookExample>),
}

/// What came of a call.
#[derive(Debug)]
pub struct Played {
    /// Everything that the guest answered, as text.
    pub said: Vec<String>,
    /// Every request that it wanted made.
    pub requests: Vec<Request>,
    /// How it broke down, if it did.
    pub broke: Option<String>,
    /// Whether the client would have an answer.
    pub answered: bool,
    /// What is not as expected.
    pub judged: Result<(), String>,
}

impl Case {
    /// Reads a fixture.
    ///
    /// # Errors
    /// What in it is not as the schema says, by its place.
    pub fn read(document: &Document) -> Result<Self, String> {
        let value = &document.value;
        let schema = match value.get("provider") {
            Some(_) => Schema::Fixture,
            None => Schema::HookFixture,
        };
        let wrong = schema.misfits(value);
        if !wrong.is_empty() {
            return Err(format!("{}: {}", document.origin, wrong.join("; ")));
        }
        let case = match schema {
            Schema::Fixture => serde_json::from_value(value.clone()).map(Self::Provider),
            _ => serde_json::from_value(value.clone()).map(Self::Hook),
        };
        case.map_err(|cause| format!("{}: {cause}", document.origin))
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Provider(fixture) => &fixture.name,
            Self::Hook(example) => &example.name,
        }
    }

    /// The provider's, guardrail's or callback's name.
    pub fn of(&self) -> &str {
        match self {
            Self::Provider(fixture) => &fixture.provider,
            Self::Hook(example) => {
                let named = example.guardrail.as_deref().or(example.callback.as_deref());
                named.unwrap_or_default()
            }
        }
    }

    /// Runs it.
    pub async fn play(&self, plugin: &Plugin, chunking: Chunking) -> Played {
        match self {
            Self::Provider(fixture) => play(plugin, fixture, chunking).await,
            Self::Hook(example) => {
                let played = hook_examples::play(plugin, example).await;
                Played {
                    requests: played.fetched.iter().map(Request::fetched).collect(),
                    answered: played.judged.is_ok(),
                    said: played.said,
                    broke: played.broke,
                    judged: played.judged,
                }
            }
        }
    }

    /// Whether the answer comes in pieces.
    pub fn streams(&self) -> bool {
        match self {
            Self::Provider(fixture) => fixture.expect.events.is_some() || fixture.streaming,
            Self::Hook(_) => false,
        }
    }

    /// Whether a JSON document is expected of a JSON document: then nothing else may be taken for
    /// an answer.
    pub fn reads_json(&self) -> bool {
        let Self::Provider(fixture) = self else {
            return false;
        };
        let last = fixture.exchanges.last().map(|it| it.reply.bytes());
        let last = last.and_then(|it| serde_json::from_slice::<Value>(&it).ok());
        let is_document = last.is_some_and(|it| it.is_object());
        is_document
            && fixture
                .expect
                .response
                .as_ref()
                .is_some_and(Value::is_object)
    }
}

async fn play(plugin: &Plugin, fixture: &Fixture, chunking: Chunking) -> Played {
    let mut watched = Watched::new(plugin.session().for_call("test"));
    let outcome = driver::drive(&mut watched, fixture, chunking).await;
    let answered = outcome.as_ref().is_ok_and(|it| it.response.is_some());
    let judged = outcome.and_then(|it| driver::check(&fixture.expect, &it));
    Played {
        said: watched.said,
        requests: watched.requests,
        broke: watched.broke,
        answered,
        judged,
    }
}
