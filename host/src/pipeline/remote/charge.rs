//! What a batch costs: its results are read as they come, each at the batch's price.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use sluice_framing::{Framing, Splitter};

use super::{request_of, text, unreadable};
use crate::domain::{CostLine, ErrorKind, Fault, SpendRow, Usage, Usd};
use crate::pipeline::accounting::{Pricer, now_ms};
use crate::pipeline::attempt::{Attempt, Outcome};
use crate::pipeline::filed::Filed;
use crate::pipeline::fleet::Line;
use crate::pipeline::request::Operation;
use crate::pipeline::run::Pipeline;
use crate::store::RemoteObject;

/// Longest line of results, in bytes.
const MAX_LINE: usize = 64 << 20;

/// Whether a batch comes to nothing more.
pub fn has_ended(batch: &Map<String, Value>) -> bool {
    let status = text(batch, "status").unwrap_or_default();
    matches!(status, "completed" | "failed" | "expired" | "cancelled")
}

/// What results come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    pub answers: u64,
    pub usage: Usage,
    /// None: a price is unknown.
    pub cost: Option<Usd>,
    /// The last one's, as the provider names it.
    pub model: String,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            answers: 0,
            usage: Usage::default(),
            cost: Some(Usd::ZERO),
            model: String::new(),
        }
    }
}

#[derive(Deserialize)]
struct ResultLine {
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    body: Option<Value>,
}

impl Results {
    /// Adds a line. One that says of no usage costs nothing.
    pub fn add(&mut self, line: &[u8], line_of: &Line, pricer: &Pricer, now: i64) {
        let read = serde_json::from_slice::<ResultLine>(line).ok();
        let body = read.and_then(|it| it.response).and_then(|it| it.body);
        let Some(body) = body else { return };
        let told = body
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let usage = body.get("usage").and_then(Usage::from_json);
        let Some(usage) = usage else { return };
        let own = &line_of.deployment.model;
        let model = match own.contains('*') {
            true => told,
            false => own.as_str(),
        };
        let bill = pricer.bill(line_of, model, &usage, now);
        self.answers += 1;
        self.cost = self.cost.zip(bill).map(|(sum, bill)| sum + bill.total);
        self.usage = std::mem::take(&mut self.usage).plus(usage);
        model.clone_into(&mut self.model);
    }
}

impl Results {
    fn bill(self, line: &Line) -> CostLine {
        CostLine {
            deployment: line.deployment.id.as_str().to_owned(),
            provider: line.deployment.provider.clone(),
            model: self.model,
            usage: self.usage,
            cost: self.cost,
            estimated: false,
            of_group: None,
        }
    }
}

impl Pipeline {
    /// Books a batch that has ended: once, under its own id, however often it is tried.
    pub(super) async fn charge(
        &self,
        batch: &RemoteObject,
        told: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let Some(account) = &batch.account else {
            return Ok(());
        };
        let account: SpendRow = serde_json::from_str(account).map_err(|cause| {
            Fault::ours("the batch's account cannot be read", cause.to_string())
        })?;
        let line = self.line_with(batch)?;
        let results = match text(told, "output_file_id") {
            Some(file) => self.results(batch, file, &account).await?,
            None => Results::default(),
        };
        let (answers, cost) = (results.answers, results.cost);
        if answers > 0 {
            let account = SpendRow {
                call_id: batch.id.clone(),
                ..account
            };
            let bill = (&*line, results.bill(&line));
            let row = self
                .accounting()
                .row_of_later(account, &batch.remote_id, bill);
            self.accounting().book(row)?;
        }
        let store = self.accounting().store();
        let booked = store.remote_is_booked(&batch.id).await;
        booked.map_err(|cause| unreadable(&cause))?;
        self.metrics().batch_booked();
        tracing::info!(
            batch = batch.id,
            deployment.id = batch.deployment,
            model.group = batch.model_group,
            answers,
            spend.usd = cost.map(Usd::dollars),
            "a batch has ended and is charged"
        );
        Ok(())
    }

    pub(super) fn line_with(&self, batch: &RemoteObject) -> Result<Arc<Line>, Fault> {
        self.is_there(batch)?;
        let id = crate::domain::DeploymentId::new(batch.deployment.as_str());
        self.fleet().line(&id)
    }

    /// Asks a deployment without a caller: what the gateway wants to know for itself.
    pub(super) async fn ask_for_itself(
        &self,
        object: &RemoteObject,
        operation: Operation,
    ) -> Result<Outcome, Fault> {
        let line = self.line_with(object)?;
        let request = request_of(object, operation)?;
        let model = line.deployment.model.clone();
        let upstream = self.upstream();
        let attempt = Attempt::new(upstream, &request, line, &model, (0, true), None);
        let (attempt, guest_body) = attempt.await?;
        attempt.run(guest_body).await.0
    }

    async fn results(
        &self,
        batch: &RemoteObject,
        file: &str,
        account: &SpendRow,
    ) -> Result<Results, Fault> {
        let line = self.line_with(batch)?;
        let file = RemoteObject {
            remote_id: file.to_owned(),
            ..batch.clone()
        };
        let pricer = self.accounting().later_pricer(account.started_ms, true);
        let mut results = Results::default();
        match self.ask_for_itself(&file, Operation::FilesContent).await? {
            Outcome::Bytes(reply) => {
                let add = |frame: &[u8]| results.add(frame, &line, &pricer, now_ms());
                each_line(reply, add).await?;
            }
            Outcome::Whole { body, .. } => {
                for frame in body.split(|it| *it == b'\n') {
                    results.add(frame, &line, &pricer, now_ms());
                }
            }
            Outcome::Stream(_) | Outcome::Sound(_) | Outcome::Live(_) => {
                return Err(Fault::plugin("a file's content came as events"));
            }
        }
        Ok(results)
    }
}

/// Every line of a body, as it comes.
async fn each_line(mut reply: Filed, mut add: impl FnMut(&[u8])) -> Result<(), Fault> {
    let mut splitter = Splitter::new(Framing::Lines, MAX_LINE);
    let broken = |cause: sluice_framing::FramingError| {
        let message = format!("the batch's results cannot be read: {cause}");
        Fault::upstream(ErrorKind::Upstream, message)
    };
    let mut frames = Vec::new();
    loop {
        let bytes: Option<Bytes> = reply.chunk().await?;
        match &bytes {
            Some(bytes) => splitter.push(bytes, &mut frames).map_err(broken)?,
            None => splitter.finish(&mut frames).map_err(broken)?,
        }
        for frame in frames.drain(..) {
            add(&frame.data);
        }
        if bytes.is_none() {
            return Ok(());
        }
    }
}
