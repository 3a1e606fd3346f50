//! What a model can do, told by its name. The gateway may know more of a model, but a name is
//! all that a config file has to say.

/// The first two numbers of a name like `claude-sonnet-4-6` or `claude-opus-5`. Families that
/// began with the fifth generation may have no number.
pub fn version(model: &str) -> Option<(u32, u32)> {
    let mut numbers = model
        .split(['-', '.', '@', ':'])
        .filter_map(|part| part.parse::<u32>().ok())
        .filter(|it| *it < 100);
    match numbers.next() {
        Some(major) => Some((major, numbers.next().unwrap_or(0))),
        None => is_deep(model).then_some((5, 0)),
    }
}

fn is(model: &str, from: (u32, u32)) -> bool {
    version(model).is_some_and(|version| version >= from)
}

/// The families that always think.
fn is_deep(model: &str) -> bool {
    model.contains("fable") || model.contains("mythos")
}

/// Models that decide themselves how long to think, and take an effort instead of a budget.
pub fn is_adaptive(model: &str) -> bool {
    is(model, (4, 6))
}

/// Adaptive models that take no budget at all any more.
pub fn refuses_budget(model: &str) -> bool {
    is(model, (4, 7))
}

/// Adaptive models with the effort `xhigh`.
pub fn has_xhigh(model: &str) -> bool {
    is(model, (4, 7))
}

/// Models that refuse to be told not to think.
pub fn always_thinks(model: &str) -> bool {
    is_deep(model) || (is(model, (5, 5)) && !model.contains("haiku"))
}

/// Models that refuse a forced choice of a tool even where they need not think.
pub fn refuses_forced_tools(model: &str) -> bool {
    always_thinks(model) && is(model, (5, 1))
}

/// Models with structured output and strict tools of their own.
pub fn has_structured_output(model: &str) -> bool {
    is(model, (4, 5))
}

/// Models that take the role `system` between other turns.
pub fn has_system_turns(model: &str) -> bool {
    is(model, (4, 8)) && !model.contains("preview")
}

/// The longest answer, for requests that name no limit.
pub fn max_output(model: &str) -> Option<u64> {
    Some(match version(model)? {
        version if version >= (4, 6) => 128_000,
        version if version >= (4, 5) => 64_000,
        version if version >= (4, 0) && model.contains("opus") => 32_000,
        version if version >= (3, 7) => 64_000,
        version if version >= (3, 5) => 8192,
        _ => 4096,
    })
}

/// Name patterns for `describe`, which has to say the same in globs.
pub mod patterns {
    /// Takes no `temperature` and no `top_p`: 4.7 and later.
    pub const NO_SAMPLING: [&str; 8] = [
        "claude-*-4-7*",
        "claude-*-4-8*",
        "claude-*-4-9*",
        "claude-opus-5*",
        "claude-sonnet-5*",
        "claude-haiku-5*",
        "claude-fable-*",
        "claude-mythos-*",
    ];
    /// Cannot think: 3.5 and before.
    pub const NO_THINKING: [&str; 6] = [
        "claude-3-5-*",
        "claude-3-opus*",
        "claude-3-sonnet*",
        "claude-3-haiku*",
        "claude-2*",
        "claude-instant*",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_version() {
        assert_eq!(version("claude-3-5-sonnet-20241022"), Some((3, 5)));
        assert_eq!(version("claude-opus-4-6-20260205"), Some((4, 6)));
        assert_eq!(version("claude-sonnet-4-20250514"), Some((4, 0)));
        assert_eq!(version("claude-opus-5"), Some((5, 0)));
        assert_eq!(version("claude-mythos-preview"), Some((5, 0)));
        assert_eq!(version("my-model"), None);
    }

    #[test]
    fn newer_models_think_their_own_way() {
        assert!(!is_adaptive("claude-haiku-4-5") && is_adaptive("claude-sonnet-4-6"));
        assert!(!refuses_budget("claude-opus-4-6") && refuses_budget("claude-opus-4-7"));
        assert!(always_thinks("claude-opus-5-5") && !always_thinks("claude-haiku-5-5"));
        assert!(always_thinks("claude-fable-5") && !refuses_forced_tools("claude-fable-5"));
        assert!(refuses_forced_tools("claude-fable-5-1") && !refuses_forced_tools("claude-opus-5"));
    }

    #[test]
    fn the_longest_answer_follows_the_generation() {
        assert_eq!(max_output("claude-3-haiku-20240307"), Some(4096));
        assert_eq!(max_output("claude-opus-4-1"), Some(32_000));
        assert_eq!(max_output("claude-sonnet-4-5"), Some(64_000));
        assert_eq!(max_output("claude-opus-5-5"), Some(128_000));
    }
}
