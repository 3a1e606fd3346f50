//! Slack: short messages of what fails, by an incoming webhook.
//!
//! A webhook takes `{"text": ...}` (`slack_sdk/webhook/client.py` of `slackapi/python-slack-sdk`)
//! and one message a second; text is marked up and escaped as "Formatting text for app surfaces" of
//! Slack's documentation says. Names of alerts are those of
//! `litellm/integrations/SlackAlerting/` of `BerriAI/litellm`. Nothing of what was said is told.
//!
//! Failures are counted by their kind between two messages, so that a thousand of them are one line.

mod board;
mod describe;
mod message;
mod notice;
mod settings;

use serde_json::Value;
use sluice_records::{Record, Reply, TIMEOUT_MS, judge};
use sluice_sdk::host::{self, Level};
use sluice_sdk::{Callback, Error, FetchRequest, callback};

use board::Board;
use settings::Settings;

/// The callback.
pub struct Slack;

impl Callback for Slack {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn on_batch(config: &Value, records: &[Value]) -> Result<(), Error> {
        let settings = Settings::of(config);
        let now = host::now_ms() / 1000;
        let mut board = Board::load(config);
        for record in records.iter().filter_map(Record::of) {
            for notice in notice::of_record(record, &settings) {
                board.add(notice, now);
            }
        }
        if board.is_empty() || !board.is_due(now, &settings) {
            board.keep();
            return Ok(());
        }
        let request = FetchRequest::post("")
            .timeout_ms(TIMEOUT_MS)
            .json(&message::of(&board, &settings));
        match judge(request.send()) {
            Reply::Taken | Reply::Partly(_) => {
                board.sent(now);
                board.keep();
                Ok(())
            }
            // What was added is not kept: the same batch comes again.
            Reply::Later(error) => Err(error),
            Reply::TooLarge => put_off(board, now, "the message is too large"),
            Reply::Refused(error) | Reply::Never(error) => put_off(board, now, &error.message),
        }
    }
}

/// The webhook is gone, or was never one. To hand the batch over again would help nobody: what it
/// adds stays on the board, and is told when the webhook takes messages again.
fn put_off(mut board: Board, now: u64, why: &str) -> Result<(), Error> {
    host::log(Level::Error, &format!("Slack takes no messages: {why}"));
    board.silence(now);
    board.keep();
    Ok(())
}

callback!(Slack);

#[cfg(test)]
mod tests;
