//! A response that its provider makes in the background costs nothing when it is asked for: nobody
//! knows yet what it takes. It is charged when its owner first sees it done, once.

use serde_json::Value;

use super::super::accounting::now_ms;
use super::super::fleet::Line;
use super::super::run::Pipeline;
use super::super::written;
use crate::domain::{CostLine, Fault, SpendRow, StoredResponse, Told, Usage, Usd};

/// Whether a response, as its provider tells of it, is still to be made.
pub fn is_under_way(response: &Value) -> bool {
    let status = response.get("status").and_then(Value::as_str);
    matches!(status, Some("queued" | "in_progress"))
}

/// What a response that is done took. None: nothing, as far as anybody knows. True: it is a guess.
fn used(response: &Value) -> Option<(Usage, bool)> {
    let told = response.get("usage").and_then(Usage::from_json);
    if let Some(usage) = told {
        let mut told = Told::default();
        told.response(response);
        return Some((told.with(usage), false));
    }
    let output = response.get("output").map(Value::to_string);
    let tokens = written::tokens(&output.unwrap_or_default());
    let guess = Usage {
        output_tokens: tokens,
        ..Usage::default()
    };
    (tokens > 0).then_some((guess, true))
}

impl Pipeline {
    /// Charges a response that is done and not charged yet. Before its owner has it: a row that could
    /// not be written is written when it is asked for again.
    ///
    /// # Errors
    /// It cannot be written down, or the database cannot be asked.
    pub(super) async fn charge_response(
        &self,
        stored: &StoredResponse,
        (line, model): (&Line, &str),
        response: &Value,
    ) -> Result<(), Fault> {
        if stored.account.is_none() || is_under_way(response) {
            return Ok(());
        }
        let accounting = self.accounting();
        let mut cost = None;
        let book = |account: &str| {
            let Some((usage, estimated)) = used(response) else {
                return Ok(());
            };
            let account: SpendRow = serde_json::from_str(account).map_err(|cause| {
                Fault::ours("the response's account cannot be read", cause.to_string())
            })?;
            let pricer = accounting.later_pricer(account.started_ms, false);
            let bill = pricer.bill(line, model, &usage, now_ms());
            cost = bill.map(|it| it.total);
            let bill = CostLine {
                deployment: line.deployment.id.as_str().to_owned(),
                provider: line.deployment.provider.clone(),
                model: model.to_owned(),
                usage,
                cost,
                estimated,
                of_group: None,
            };
            let row = accounting.row_of_later(account, &stored.id, (line, bill));
            accounting.book(row)
        };
        if accounting.book_response(&stored.id, book).await? {
            self.metrics().response_booked();
            tracing::info!(
                response.id = stored.id,
                deployment.id = line.deployment.id.as_str(),
                model.group = stored.model_group,
                spend.usd = cost.map(Usd::dollars),
                "a response of the background is done and is charged"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_done_tells_what_it_took_or_is_guessed() {
        for (status, waits) in [
            ("queued", true),
            ("in_progress", true),
            ("completed", false),
            ("incomplete", false),
            ("failed", false),
            ("cancelled", false),
        ] {
            assert_eq!(is_under_way(&json!({"status": status})), waits, "{status}");
        }
        let usage = json!({"input_tokens": 7, "output_tokens": 5});
        let output = json!([{"type": "web_search_call"}, {"type": "message", "content":
            [{"type": "output_text", "text": "four words are here"}]}]);
        let (told, guessed) =
            used(&json!({"usage": usage, "output": output, "service_tier": "flex"})).unwrap();
        assert_eq!(
            (told.input_tokens, told.web_searches, guessed),
            (7, 1, false)
        );
        assert_eq!(told.service_tier.as_deref(), Some("flex"));
        let (told, guessed) = used(&json!({"usage": null, "output": output})).unwrap();
        assert!(told.output_tokens > 0 && guessed);
        assert_eq!(used(&json!({"status": "cancelled", "output": []})), None);
    }
}
