//! The texts of a call as the messages that Lakera screens.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Inspection, Span, role};
use sluice_texts::Sheet;

use crate::Settings;

/// One message for each text. Instructions come first: the end of the list is what is screened
/// closest, and there descriptions of tools would stand.
pub struct Messages<'i> {
    sheet: Sheet<'i>,
    /// By message: its role, and which of the sheet's texts it is.
    order: Vec<(&'static str, usize)>,
}

impl<'i> Messages<'i> {
    pub fn of(inspection: &'i Inspection, settings: &Settings) -> Self {
        let skips = |span: &Span| match span.role.as_str() {
            role::SYSTEM => settings.skip_system_message_in_guardrail == Some(true),
            role::TOOL => settings.skip_tool_message_in_guardrail == Some(true),
            _ => false,
        };
        let spans = inspection.spans.iter();
        // What is left out is blank, so that the others keep their index.
        let sheet = Sheet::of(spans.map(|it| {
            let text = if skips(it) { "" } else { it.text.as_str() };
            (it.channel.as_str(), text)
        }));
        let roles = sheet.spans().map(|it| inspection.spans.get(it));
        let roles = roles.map(|it| it.map_or(role::USER, |it| said_by(&it.role)));
        let mut order: Vec<_> = roles.zip(0..).collect();
        order.sort_by_key(|(role, _)| *role != role::SYSTEM);
        Self { sheet, order }
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.sheet.bytes()
    }

    pub fn asked(&self) -> Value {
        let texts = self.sheet.texts();
        let messages = self.order.iter().filter_map(|(role, at)| {
            let text = texts.get(*at)?;
            Some(json!({"role": role, "content": text}))
        });
        messages.collect()
    }

    /// The text of a message.
    pub fn text(&self, message: usize) -> Option<&str> {
        let (_, at) = self.order.get(message)?;
        self.sheet.texts().get(*at).copied()
    }

    /// The spans that change, and their new texts, by the new texts of messages.
    pub fn edits(&self, new: Vec<(usize, String)>) -> Vec<(u32, String)> {
        let mut texts = vec![None; self.order.len()];
        for (message, text) in new {
            let place = self
                .order
                .get(message)
                .and_then(|(_, at)| texts.get_mut(*at));
            if let Some(place) = place {
                *place = Some(text);
            }
        }
        self.sheet.edits(&texts)
    }
}

/// The roles that Lakera knows.
fn said_by(role: &str) -> &'static str {
    match role {
        role::SYSTEM => role::SYSTEM,
        role::ASSISTANT | role::OUTPUT => role::ASSISTANT,
        role::TOOL => role::TOOL,
        _ => role::USER,
    }
}
