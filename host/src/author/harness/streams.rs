//! A guardrail that looks at answers while they stream: the same text, however it is cut.

use sluice_engine::Plugin;
use sluice_engine::contract::{Piece, StreamVerdict};

use super::case::Case;
use crate::plugins::hook_examples::{self, HookExample};

/// What is wrong when the texts of a case come in pieces.
pub async fn misfits(plugin: &Plugin, case: &Case, seed: u64) -> Vec<String> {
    let Case::Hook(example) = case else {
        return Vec::new();
    };
    if example.guardrail.is_none() || example.stage.as_deref() != Some("post") {
        return Vec::new();
    }
    let whole = match streamed(plugin, example, usize::MAX).await {
        Ok(whole) => whole,
        Err(what) => return vec![format!("`{}` as a stream: {what}", example.name)],
    };
    let mut wrong = Vec::new();
    for letters in [1, 2, 3 + usize::try_from(seed % 11).unwrap_or(0)] {
        match streamed(plugin, example, letters).await {
            Ok(cut) if cut == whole => {}
            Ok(cut) => wrong.push(format!(
                "`{}` cut after each {letters} letters gives {cut:?}, whole {whole:?}",
                example.name
            )),
            Err(what) => wrong.push(format!("`{}` cut after {letters}: {what}", example.name)),
        }
    }
    wrong
}

/// What comes through, or that nothing does.
async fn streamed(
    plugin: &Plugin,
    example: &HookExample,
    letters: usize,
) -> Result<Option<String>, String> {
    let mut session = plugin.session().for_call("test");
    let opened = session.open(&hook_examples::inspection(example)).await;
    let opened = opened.map_err(|cause| cause.to_string())?;
    let mut state = opened.map_err(|error| error.message)?;
    let pieces = cut(example, letters);
    let count = pieces.len();
    let mut through = String::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        let fed = session.feed(&state, &[piece], index + 1 == count).await;
        let fed = fed.map_err(|cause| cause.to_string())?;
        match fed.map_err(|error| error.message)? {
            StreamVerdict::Block(_) => return Ok(None),
            StreamVerdict::Pass(passed) => {
                through.extend(passed.pieces.into_iter().map(|it| it.text));
                state = passed.state;
            }
        }
    }
    Ok(Some(through))
}

fn cut(example: &HookExample, letters: usize) -> Vec<Piece> {
    let text: Vec<char> = example
        .spans
        .iter()
        .flat_map(|it| it.text.chars())
        .collect();
    let chunks = text.chunks(letters.max(1));
    chunks
        .map(|chunk| Piece {
            choice: 0,
            channel: "text".to_owned(),
            call: String::new(),
            text: chunk.iter().collect(),
        })
        .collect()
}
