//! Calls into guardrails and callbacks.

use std::time::Duration;

use crate::clock::timed;
use crate::contract::{Decision, Error, Inspection, Piece, Refusal, StreamVerdict, Verdict};
use crate::error::CallError;
use crate::session::{Session, invoke};

impl Session {
    /// `guardrail.inspect`.
    pub async fn inspect(
        &mut self,
        inspection: &Inspection,
    ) -> Result<Result<Decision, Error>, CallError> {
        self.plugin.may_begin()?;
        let budget = self.plugin.limits().cpu;
        let size = inspection_len(inspection);
        let decision = invoke!(self, "inspect", budget, size, |guest, exports = guardrail| exports.call_inspect(&mut guest.store, inspection))?;
        match &decision {
            Ok(decision) => {
                self.state("inspect", &decision.state)?;
                self.output("inspect", decision_len(decision))?;
            }
            Err(_) => self.plugin.counters.count_refusal(),
        }
        Ok(decision)
    }

    /// `guardrail-stream.open`: the first state.
    pub async fn open(
        &mut self,
        inspection: &Inspection,
    ) -> Result<Result<String, Error>, CallError> {
        self.plugin.may_begin()?;
        let budget = self.plugin.limits().cpu;
        let size = inspection_len(inspection);
        let state = invoke!(self, "open", budget, size, |guest, exports = stream| exports.call_open(&mut guest.store, inspection))?;
        match &state {
            Ok(state) => self.state("open", state)?,
            Err(_) => self.plugin.counters.count_refusal(),
        }
        Ok(state)
    }

    /// `guardrail-stream.feed`.
    pub async fn feed(
        &mut self,
        state: &str,
        pieces: &[Piece],
        last: bool,
    ) -> Result<Result<StreamVerdict, Error>, CallError> {
        let budget = self.plugin.limits().cpu;
        let size = state.len() + pieces_len(pieces);
        let verdict = invoke!(self, "feed", budget, size, |guest, exports = stream| exports.call_feed(&mut guest.store, state, pieces, last))?;
        match &verdict {
            Ok(StreamVerdict::Pass(passed)) => {
                self.state("feed", &passed.state)?;
                let findings = passed.findings.as_ref().map_or(0, String::len);
                self.output("feed", pieces_len(&passed.pieces) + findings)?;
            }
            Ok(StreamVerdict::Block(refusal)) => self.output("feed", refusal_len(refusal))?,
            Err(_) => self.plugin.counters.count_refusal(),
        }
        Ok(verdict)
    }

    /// `callback.on-batch`.
    pub async fn on_batch(
        &mut self,
        config: &String,
        records: &[String],
    ) -> Result<Result<(), Error>, CallError> {
        self.plugin.may_begin()?;
        let budget = self.plugin.limits().cpu;
        let size = records.iter().map(String::len).sum();
        let done = invoke!(self, "on-batch", budget, size, |guest, exports = callback| exports.call_on_batch(&mut guest.store, config, records))?;
        if done.is_err() {
            self.plugin.counters.count_refusal();
        }
        Ok(done)
    }
}

fn inspection_len(inspection: &Inspection) -> usize {
    let texts = inspection.spans.iter().map(|span| span.text.len());
    let documents = [&inspection.request, &inspection.response];
    let documents = documents.into_iter().flatten().map(String::len);
    texts.chain(documents).sum::<usize>() + inspection.state.len()
}

fn pieces_len(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.text.len()).sum()
}

fn refusal_len(refusal: &Refusal) -> usize {
    let detail = refusal.detail.as_ref().map_or(0, String::len);
    refusal.message.len() + refusal.code.len() + detail
}

fn decision_len(decision: &Decision) -> usize {
    let verdict = match &decision.verdict {
        Verdict::Allow => 0,
        Verdict::Block(refusal) => refusal_len(refusal),
        Verdict::Edit(edits) => edits.iter().map(|edit| edit.text.len()).sum(),
        Verdict::Replace(document) => document.len(),
    };
    verdict + decision.findings.as_ref().map_or(0, String::len)
}
