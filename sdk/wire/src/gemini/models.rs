//! What a model can do, told by its name.

/// The generation in a name like `gemini-2.5-flash` or `gemini-3-pro-preview`.
fn version(model: &str) -> Option<(u32, u32)> {
    let rest = model.split_once("gemini-")?.1;
    let number = rest.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Gemini 3 and later: thinking by level, ids of calls, signatures that have to come back. The
/// names without a number (`gemini-flash-latest`) are kept on the newest generation.
pub fn is_third(model: &str) -> bool {
    match version(model) {
        Some(version) => version >= (3, 0),
        None => model.starts_with("gemini-") && model.ends_with("-latest"),
    }
}

/// Whether a format of the answer may stand beside functions: refused before Gemini 3 (by Google's
/// documentation of structured output, November 2026). What a name without a number takes is left
/// to the API.
pub fn takes_formats_beside_functions(model: &str) -> bool {
    version(model).is_none_or(|version| version >= (3, 0))
}

/// The lowest level of thinking.
pub fn lowest_level(model: &str) -> &'static str {
    let known = version(model).is_some_and(|version| version < (3, 7));
    if known && model.contains("flash") {
        "minimal"
    } else {
        "low"
    }
}

/// Tokens for the least thinking on models that take a budget.
pub fn least_budget(model: &str) -> u64 {
    if model.contains("flash-lite") {
        512
    } else if model.contains("flash") {
        1
    } else {
        128
    }
}

/// Models that cannot leave off thinking: they refuse a budget of 0.
pub fn always_thinks(model: &str) -> bool {
    model.contains("2.5-pro")
}

/// Models without system instructions: those texts open the first turn.
pub fn lacks_system(model: &str) -> bool {
    model.starts_with("gemma-3") || model.starts_with("gemma-2")
}

/// Name patterns for `describe`, which has to say the same in globs.
pub mod patterns {
    /// Cannot be told how much to think.
    pub const NO_THINKING: [&str; 5] = [
        "gemini-1*",
        "gemini-2.0*",
        "gemma-2*",
        "gemma-3*",
        "learnlm*",
    ];
    /// From the third generation on.
    pub const NO_PENALTIES: [&str; 2] = ["gemini-3*", "gemini-4*"];
    /// Choose their own sampling.
    pub const NO_SAMPLING: [&str; 4] = [
        "gemini-3.5-flash-lite*",
        "gemini-3.6-*",
        "gemini-3.7-*",
        "gemini-3.8-*",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_name() {
        assert!(is_third("gemini-3-pro-preview") && is_third("gemini-4-argon"));
        assert!(is_third("gemini-flash-latest") && !is_third("gemini-2.5-flash"));
        assert!(!is_third("gemma-3-27b-it") && !is_third("gemini-exp-1206"));
        assert!(!takes_formats_beside_functions("gemini-2.5-pro"));
        assert!(!takes_formats_beside_functions(
            "google/gemini-1.5-flash-002"
        ));
        assert!(takes_formats_beside_functions("gemini-3-pro-preview"));
        assert!(takes_formats_beside_functions("gemini-flash-latest"));
        assert_eq!(lowest_level("gemini-3-flash-preview"), "minimal");
        assert_eq!(lowest_level("gemini-3-pro-preview"), "low");
        assert_eq!(lowest_level("gemini-3.7-flash"), "low");
    }
}
