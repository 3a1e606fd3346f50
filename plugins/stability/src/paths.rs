//! Which path a model is, and what the fields of its form are called.

/// A model's path and the fields in which a picture and a wish are handed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    pub url: &'static str,
    /// The field of each picture, in order.
    pub images: &'static [&'static str],
    pub prompt: Option<&'static str>,
    pub mask: bool,
    /// It makes pictures of a shape that can be chosen.
    pub shaped: bool,
}

const MAKING: Path = Path {
    url: "",
    images: &[],
    prompt: Some("prompt"),
    mask: false,
    shaped: true,
};
const EDITING: Path = Path {
    url: "",
    images: &["image"],
    prompt: Some("prompt"),
    mask: false,
    shaped: false,
};

/// The longer names first: `style-transfer` is no `style`.
const EDITS: [(&str, Path); 14] = [
    (
        "search-and-replace",
        Path {
            url: "edit/search-and-replace",
            ..EDITING
        },
    ),
    (
        "search-and-recolor",
        Path {
            url: "edit/search-and-recolor",
            ..EDITING
        },
    ),
    (
        "remove-background",
        Path {
            url: "edit/remove-background",
            prompt: None,
            ..EDITING
        },
    ),
    (
        "replace-background-and-relight",
        Path {
            url: "edit/replace-background-and-relight",
            images: &["subject_image", "background_reference", "light_reference"],
            prompt: Some("background_prompt"),
            ..EDITING
        },
    ),
    (
        "style-transfer",
        Path {
            url: "control/style-transfer",
            images: &["init_image", "style_image"],
            ..EDITING
        },
    ),
    (
        "conservative",
        Path {
            url: "upscale/conservative",
            ..EDITING
        },
    ),
    (
        "creative",
        Path {
            url: "upscale/creative",
            ..EDITING
        },
    ),
    (
        "outpaint",
        Path {
            url: "edit/outpaint",
            ..EDITING
        },
    ),
    (
        "inpaint",
        Path {
            url: "edit/inpaint",
            mask: true,
            ..EDITING
        },
    ),
    (
        "structure",
        Path {
            url: "control/structure",
            ..EDITING
        },
    ),
    (
        "erase",
        Path {
            url: "edit/erase",
            prompt: None,
            mask: true,
            ..EDITING
        },
    ),
    (
        "sketch",
        Path {
            url: "control/sketch",
            ..EDITING
        },
    ),
    (
        "style",
        Path {
            url: "control/style",
            shaped: true,
            ..EDITING
        },
    ),
    (
        "fast",
        Path {
            url: "upscale/fast",
            prompt: None,
            ..EDITING
        },
    ),
];

pub fn making(model: &str) -> Path {
    let url = if model.contains("ultra") {
        "generate/ultra"
    } else if model.contains("core") {
        "generate/core"
    } else {
        "generate/sd3"
    };
    Path { url, ..MAKING }
}

/// A picture for a model that makes some is what it starts from, if it is told how closely to keep
/// to it; else it is painted into, as LiteLLM has it.
pub fn editing(model: &str, strength: bool) -> Path {
    let known = EDITS.iter().find(|(name, _)| model.contains(name));
    match known {
        Some((_, path)) => *path,
        None if strength => Path {
            images: &["image"],
            shaped: false,
            ..making(model)
        },
        None => Path {
            url: "edit/inpaint",
            mask: true,
            ..EDITING
        },
    }
}
