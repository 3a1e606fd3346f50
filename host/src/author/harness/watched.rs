//! A component's functions, with an ear at each.

use sluice_engine::Session;
use sluice_engine::contract::{
    Auth, Call, Continuation, Decoded, Error, FetchRequest, Frame, Head, Outbound, Reply, Step,
};

use crate::plugins::examples::Component;
use crate::plugins::examples::driver::Exports;

/// Keeps what a guest says and asks for.
pub struct Watched {
    component: Component,
    /// Every answer, as text.
    pub said: Vec<String>,
    /// Every request that it wanted made.
    pub requests: Vec<Request>,
    /// The same, whole.
    pub outbounds: Vec<Outbound>,
    /// How it broke down, if it did.
    pub broke: Option<String>,
}

/// What is judged of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// A path, or a whole URL.
    pub url: String,
    /// The secrets that it wants filled in.
    pub secrets: Vec<String>,
    /// The secret that it has taken out of the answer.
    pub captures: Option<String>,
}

impl Request {
    fn sent(outbound: &Outbound) -> Self {
        let option = outbound.options.iter().find(|(name, _)| name == "capture");
        let captures = option.and_then(|(_, value)| {
            let value: serde_json::Value = serde_json::from_str(value).ok()?;
            Some(value.get("secret")?.as_str()?.to_owned())
        });
        Self {
            url: outbound.url.clone(),
            secrets: secrets(&outbound.auth),
            captures,
        }
    }

    pub fn fetched(request: &FetchRequest) -> Self {
        Self {
            url: request.url.clone(),
            secrets: secrets(&request.auth),
            captures: None,
        }
    }
}

fn secrets(auth: &[Auth]) -> Vec<String> {
    let params = auth.iter().flat_map(|it| &it.params);
    let named = params.filter(|(name, _)| name == "secret" || name.ends_with("-secret"));
    named.map(|(_, secret)| secret.clone()).collect()
}

impl Watched {
    pub fn new(session: Session) -> Self {
        Self {
            component: Component(session),
            said: Vec::new(),
            requests: Vec::new(),
            outbounds: Vec::new(),
            broke: None,
        }
    }

    fn wants(&mut self, outbound: &Outbound) {
        self.requests.push(Request::sent(outbound));
        self.outbounds.push(outbound.clone());
    }

    /// Keeps an answer, and gives it on.
    fn keep<T: std::fmt::Debug>(&mut self, answer: Result<T, String>) -> Result<T, String> {
        match &answer {
            Ok(answer) => self.said.push(format!("{answer:?}")),
            Err(cause) => self.broke = Some(cause.clone()),
        }
        answer
    }

    fn keep_step(
        &mut self,
        step: Result<Result<Step, Error>, String>,
    ) -> Result<Result<Step, Error>, String> {
        match &step {
            Ok(Ok(Step::Send(outbound))) => self.wants(outbound),
            Ok(Ok(Step::SendAll(list))) => list.iter().for_each(|it| self.wants(it)),
            _ => {}
        }
        self.keep(step)
    }
}

impl Exports for Watched {
    async fn start(&mut self, call: &Call, body: &str) -> Result<Result<Step, Error>, String> {
        let step = self.component.start(call, body).await;
        self.keep_step(step)
    }

    async fn resume(
        &mut self,
        call: &Call,
        replies: Vec<Reply>,
    ) -> Result<Result<Step, Error>, String> {
        let step = self.component.resume(call, replies).await;
        self.keep_step(step)
    }

    async fn decode(
        &mut self,
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Result<Decoded, Error>, String> {
        let decoded = self.component.decode(head, state, frames, last).await;
        if let Ok(Ok(decoded)) = &decoded
            && let Continuation::ThenSend(outbound) = &decoded.next
        {
            self.wants(outbound);
        }
        self.keep(decoded)
    }

    async fn map_error(&mut self, call: &Call, reply: &Reply) -> Result<Option<Error>, String> {
        let mapped = self.component.map_error(call, reply).await;
        self.keep(mapped)
    }
}
