//! Responses that clients may ask for again: whether and how long they are kept.

use super::remarks::Taken;
use super::section::Section;

/// `general_settings` of responses. Ours, but for the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredResponses {
    /// Not `store_responses`: those that went through chat are not kept.
    pub off: bool,
    /// `stored_responses_retention_period`, a duration.
    pub keep: Option<String>,
    /// `max_stored_response_size_mb`, in bytes.
    pub longest: Option<usize>,
    /// `disable_responses_id_security`: a response is whoever's that knows its id.
    pub is_open: bool,
}

impl StoredResponses {
    /// What waits for the database has to find room for the longest.
    const MOST_MEBIBYTES: f64 = 32.0;

    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const SIZE: &str = "max_stored_response_size_mb";
        let size = section.number(SIZE);
        let longest = size.filter(|it| *it > 0.0 && *it <= Self::MOST_MEBIBYTES);
        if let (Some(size), None) = (size, longest) {
            let most = Self::MOST_MEBIBYTES;
            let text = format!("is {size}, expected megabytes, more than 0 and at most {most}");
            section.say(Taken::Wrong, SIZE, text);
        }
        Self {
            off: section.flag("store_responses") == Some(false),
            keep: section.text("stored_responses_retention_period"),
            longest: longest.map(|it| (it * 1_048_576.0) as usize),
            is_open: section
                .flag("disable_responses_id_security")
                .unwrap_or(false),
        }
    }
}
