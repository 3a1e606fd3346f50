//! What the inputs of model families are called. Replicate has no dialect: each model has a schema
//! of its own, and these are the habits of its families as far as known: not held against schemas.

/// How a family takes a conversation.
pub struct Family {
    /// It takes `messages`; a prompt and a system prompt otherwise.
    pub messages: bool,
    pub system: &'static str,
    pub max_tokens: &'static str,
    /// The input for images, and whether it is a list.
    pub images: (&'static str, bool),
}

pub fn family(model: &str) -> Family {
    let name = model.strip_prefix("deployments/").unwrap_or(model);
    let starts = |prefix: &str| name.starts_with(prefix);
    let plain = Family {
        messages: false,
        system: "system_prompt",
        max_tokens: "max_new_tokens",
        images: ("image", false),
    };
    if starts("openai/") {
        Family {
            messages: true,
            max_tokens: "max_completion_tokens",
            images: ("image_input", true),
            ..plain
        }
    } else if starts("google/") {
        Family {
            system: "system_instruction",
            max_tokens: "max_output_tokens",
            images: ("images", true),
            ..plain
        }
    } else if [
        "anthropic/",
        "deepseek-ai/",
        "meta/meta-llama-3",
        "ibm-granite/",
    ]
    .into_iter()
    .any(starts)
    {
        Family {
            max_tokens: "max_tokens",
            ..plain
        }
    } else {
        plain
    }
}
