//! What is asked.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, Inspection, Span, fault, role, stage};
use sluice_texts::{Piece, characters, cut, pack};

use crate::settings::Settings;

/// Requests of one look; the host allows no more.
const MOST_REQUESTS: usize = 16;

/// A content block: a text, or a piece of it.
#[derive(Debug, Clone, Copy)]
pub struct Block<'t> {
    /// Which text.
    pub text: usize,
    pub piece: &'t str,
}

/// Channels and texts to look at. Those that are left out are blank, so that the others keep their
/// index.
pub fn spans<'i>(
    inspection: &'i Inspection,
    settings: &Settings,
) -> impl Iterator<Item = (&'i str, &'i str)> + use<'i> {
    let is_request = inspection.stage != stage::POST;
    let latest = settings.experimental_use_latest_role_message_only && is_request;
    let latest = latest.then(|| newest(&inspection.spans)).flatten();
    inspection.spans.iter().map(move |span| {
        let asked = latest.is_none_or(|it| message(span) == it && is_users(span));
        let text = if asked { span.text.as_str() } else { "" };
        (span.channel.as_str(), text)
    })
}

/// Operations without turns have no newest one.
fn is_users(span: &Span) -> bool {
    span.role == role::USER
}

/// The place of the newest message of the user; none: there is none.
fn newest(spans: &[Span]) -> Option<&str> {
    spans.iter().rev().find(|it| is_users(it)).map(message)
}

/// The place of the message that a text is of: `/messages/3`.
fn message(span: &Span) -> &str {
    let slashes = span.pointer.match_indices('/');
    let end = slashes.map(|(at, _)| at).nth(2);
    let end = end.unwrap_or(span.pointer.len());
    span.pointer.get(..end).unwrap_or_default()
}

/// The texts, cut and packed into requests.
///
/// # Errors
/// They are more than one look may ask about.
pub fn batches<'t>(texts: &[&'t str], budget: usize) -> Result<Vec<Vec<Block<'t>>>, Error> {
    let blocks = texts.iter().enumerate().flat_map(|(text, whole)| {
        let pieces = cut(whole, characters, budget, 0).into_iter();
        pieces.map(move |Piece { text: piece, .. }| Block { text, piece })
    });
    let size = |block: &Block<'_>| block.piece.chars().count();
    let batches = pack(blocks, size, (usize::MAX, budget));
    if batches.len() > MOST_REQUESTS {
        return Err(fault::invalid_request(format!(
            "the texts are more than {MOST_REQUESTS} times `chunk_budget_chars`"
        )));
    }
    Ok(batches)
}

pub fn body(inspection: &Inspection, batch: &[Block<'_>]) -> Value {
    let source = match inspection.stage.as_str() {
        stage::POST => "OUTPUT",
        _ => "INPUT",
    };
    let content = batch.iter().map(|it| json!({"text": {"text": it.piece}}));
    json!({"source": source, "content": content.collect::<Vec<_>>()})
}
