//! What the results of a batch come to, line by line.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::text;
use super::unsaid::Unsaid;
use crate::domain::{CostLine, Usage, Usd};
use crate::pipeline::accounting::{Pricer, now_ms};
use crate::pipeline::fleet::Line;
use crate::pipeline::written;

/// What results come to.
#[derive(Debug)]
pub struct Results {
    pub answers: u64,
    usage: Usage,
    /// None: a price is unknown.
    pub cost: Option<Usd>,
    /// The last one's, as the provider names it.
    model: String,
    /// Requests whose results told no usage: those results are counted here.
    unsaid: Unsaid,
    estimated: bool,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            answers: 0,
            usage: Usage::default(),
            cost: Some(Usd::ZERO),
            model: String::new(),
            unsaid: Unsaid::default(),
            estimated: false,
        }
    }
}

#[derive(Deserialize)]
struct ResultLine {
    #[serde(default)]
    custom_id: Value,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status_code: Value,
    body: Option<Map<String, Value>>,
}

impl Response {
    /// The answer; None: there is none, or it is an error that tells no usage, which costs nothing.
    fn answered(self) -> Option<(Map<String, Value>, Option<Usage>)> {
        let body = self.body?;
        let usage = body.get("usage").and_then(Usage::from_json);
        let refused = self.status_code.as_u64().is_some_and(|it| it >= 400);
        let failed = refused || body.get("error").is_some_and(|it| !it.is_null());
        (usage.is_some() || !failed).then_some((body, usage))
    }
}

/// By what a batch is priced.
pub struct Terms {
    pub line: Arc<Line>,
    pub pricer: Pricer,
}

impl Results {
    /// Adds a line of results. Of one that tells no usage, the text is counted, and charged once its
    /// request was [asked for](Self::ask).
    pub fn add(&mut self, line: &[u8], terms: &Terms) {
        let read = serde_json::from_slice::<ResultLine>(line).ok();
        let Some(ResultLine {
            custom_id,
            response,
        }) = read
        else {
            return;
        };
        let Some((body, told)) = response.and_then(Response::answered) else {
            return;
        };
        let model = text(&body, "model").unwrap_or_default().to_owned();
        self.answers += 1;
        if let Some(usage) = told {
            return self.charge(usage, &model, terms);
        }
        self.estimated = true;
        if !model.is_empty() {
            // It is charged by this name, unless its request says another.
            model.clone_into(&mut self.model);
        }
        let written = written::tokens(&Value::Object(body).to_string());
        if !self
            .unsaid
            .note(custom_id.as_str().unwrap_or_default(), written)
        {
            self.charge(output(written), &model, terms);
        }
    }

    /// Whether a result told no usage whose request has not been seen.
    pub fn asks_input(&self) -> bool {
        !self.unsaid.is_empty()
    }

    /// Adds the result that told no usage with what a line of the input asked, in one bill.
    pub fn ask(&mut self, line: &[u8], terms: &Terms) {
        let line = std::str::from_utf8(line).unwrap_or_default();
        if let Some((model, usage)) = self.unsaid.take(line) {
            self.charge(usage, &model, terms);
        }
    }

    /// Adds the results that told no usage and whose requests were not found: by their texts alone.
    pub fn close(&mut self, terms: &Terms) {
        let model = self.model.clone();
        for written in self.unsaid.rest() {
            self.charge(output(written), &model, terms);
        }
    }

    fn charge(&mut self, usage: Usage, told: &str, terms: &Terms) {
        let own = &terms.line.deployment.model;
        let model = match own.contains('*') {
            true => told,
            false => own.as_str(),
        };
        let bill = terms.pricer.bill(&terms.line, model, &usage, now_ms());
        self.cost = self.cost.zip(bill).map(|(sum, bill)| sum + bill.total);
        self.usage = std::mem::take(&mut self.usage).plus(usage);
        model.clone_into(&mut self.model);
    }

    /// The line of a bill for all of them.
    pub fn bill(self, line: &Line) -> CostLine {
        CostLine {
            deployment: line.deployment.id.as_str().to_owned(),
            provider: line.deployment.provider.clone(),
            model: self.model,
            usage: self.usage,
            cost: self.cost,
            estimated: self.estimated,
            of_group: None,
        }
    }
}

fn output(tokens: u64) -> Usage {
    Usage {
        output_tokens: tokens,
        ..Usage::default()
    }
}
