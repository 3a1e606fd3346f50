//! What a batch costs: its results are read as they come, each at the batch's price.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_framing::{Framing, Splitter};

use super::results::{Results, Terms};
use super::{Kind, request_of, text, unreadable};
use crate::domain::{ErrorKind, Fault, Retry, SpendRow, Usd};
use crate::pipeline::attempt::{Attempt, Outcome};
use crate::pipeline::filed::Filed;
use crate::pipeline::fleet::Line;
use crate::pipeline::request::Operation;
use crate::pipeline::run::Pipeline;
use crate::store::RemoteObject;

/// Longest line of a batch's file, in bytes.
const MAX_LINE: usize = 64 << 20;

/// Whether a batch comes to nothing more.
pub fn has_ended(batch: &Map<String, Value>) -> bool {
    let status = text(batch, "status").unwrap_or_default();
    matches!(status, "completed" | "failed" | "expired" | "cancelled")
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
        let terms = Terms {
            line: self.line_with(batch)?,
            pricer: self.accounting().later_pricer(account.started_ms, true),
        };
        let file = RemoteObject {
            remote_id: file.to_owned(),
            ..batch.clone()
        };
        let mut results = Results::default();
        self.each_line_of(&file, |frame| results.add(frame, &terms))
            .await?;
        if results.asks_input() {
            self.ask_input(batch, &mut results, &terms).await?;
        }
        results.close(&terms);
        Ok(results)
    }

    /// Adds what was asked for those results that told no usage, if the input is still there.
    async fn ask_input(
        &self,
        batch: &RemoteObject,
        results: &mut Results,
        terms: &Terms,
    ) -> Result<(), Fault> {
        let doc: Map<String, Value> = serde_json::from_str(&batch.doc).unwrap_or_default();
        let id = text(&doc, "input_file_id").unwrap_or_default();
        let store = self.accounting().store();
        let input = store.remote(Kind::File.as_str(), id).await;
        let Some(input) = input.map_err(|cause| unreadable(&cause))? else {
            return Ok(());
        };
        let mut ask = |line: &[u8]| results.ask(line, terms);
        if self.is_kept(&input) {
            let mut place = 0;
            while let Some(lines) = self.lines_at(&input, place).await? {
                lines.lines().for_each(|line| ask(line.as_bytes()));
                place += 1;
            }
            return Ok(());
        }
        match self.each_line_of(&input, ask).await {
            // Nobody reads it later either.
            Err(fault) if fault.retry != Retry::SameDeployment => {
                tracing::warn!(batch = batch.id, file = id, fault = %fault,
                    "a batch's input cannot be read: of results without usage the answers alone are charged");
                Ok(())
            }
            read => read,
        }
    }

    /// Every line of a file that lies at a provider.
    async fn each_line_of(
        &self,
        file: &RemoteObject,
        each: impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        match self.ask_for_itself(file, Operation::FilesContent).await? {
            Outcome::Bytes(reply) => each_line(reply, each).await,
            Outcome::Whole { body, .. } => {
                body.split(|it| *it == b'\n').for_each(each);
                Ok(())
            }
            Outcome::Stream(_) | Outcome::Sound(_) | Outcome::Live(_) => {
                Err(Fault::plugin("a file's content came as events"))
            }
        }
    }
}

/// Every line of a body, as it comes.
async fn each_line(mut reply: Filed, mut add: impl FnMut(&[u8])) -> Result<(), Fault> {
    let mut splitter = Splitter::new(Framing::Lines, MAX_LINE);
    let broken = |cause: sluice_framing::FramingError| {
        let message = format!("a file of the batch cannot be read: {cause}");
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
