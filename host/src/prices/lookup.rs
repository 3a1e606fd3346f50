//! Under which names of the table a deployment's model may stand.

use std::borrow::Cow;

/// A model whose price is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The provider before the slash: `bedrock`, `openai`.
    pub provider: &'a str,
    /// As the provider knows it, with or without the provider before it.
    pub model: &'a str,
    /// The operator's word for the model whose prices hold. If the table has it not, the price is
    /// unknown: the deployment's own name is then no better.
    pub base_model: Option<&'a str>,
    /// Bedrock's region (`us-west-2`), or Azure's data zone (`us`, `eu`, `global`).
    pub region: Option<&'a str>,
    /// Of an image call: `1024x1024`, and `hd`, `high`, ...
    pub size: Option<&'a str>,
    pub quality: Option<&'a str>,
}

/// A name to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub name: Cow<'a, str>,
    /// The name does not say the provider: the entry must.
    pub bare: bool,
}

/// Bedrock's prefixes of a route, not of a model.
const BEDROCK_ROUTES: &[&str] = &[
    "converse/",
    "converse_like/",
    "invoke/",
    "async_invoke/",
    "chat_completions/",
    "claude_platform/",
    "openai/",
    "mantle/",
];
/// Bedrock's prefixes of an inference profile across regions.
const BEDROCK_GEOS: &[&str] = &["global", "us", "eu", "apac", "jp", "au", "us-gov"];

impl<'a> Wanted<'a> {
    /// The most exact name first. No date, version or suffix is cut off a name to make it fit, but
    /// for forms that name the same model: a fine-tuned model's owner, a Bedrock route, region or
    /// throughput, Vertex's three-digit stable version.
    pub fn candidates(&self) -> Vec<Candidate<'a>> {
        let provider = match self.provider {
            "bedrock_converse" => "bedrock",
            other => other,
        };
        let model = self.base_model.unwrap_or(self.model);
        let (named, rest) = match strip_provider(model, provider) {
            Some(rest) => (true, rest),
            None => (false, model),
        };
        let mut found = Vec::new();
        if let Some(size) = self.size {
            self.images(provider, rest, size, &mut found);
        }
        if let Some(region) = self.region {
            match provider {
                "bedrock" | "azure" => found.push(full(format!("{provider}/{region}/{rest}"))),
                _ => {}
            }
        }
        found.push(full(format!("{provider}/{rest}")));
        found.push(bare(rest));
        // A base model may be another provider's, by its full name.
        if self.base_model.is_some() && !named {
            found.push(full(model));
        }
        match provider {
            "bedrock" => bedrock(rest, &mut found),
            "vertex_ai" | "gemini" => {
                if let Some(base) = stable_version(rest) {
                    found.push(full(format!("{provider}/{base}")));
                    found.push(bare(base));
                }
            }
            _ => {}
        }
        if let Some(base) = tuned(rest) {
            found.push(full(format!("{provider}/{base}")));
            found.push(bare(base));
        }
        found
    }

    /// Image models are listed by quality and size too: `azure/hd/1024-x-1024/dall-e-3`.
    fn images(&self, provider: &str, model: &str, size: &str, found: &mut Vec<Candidate<'a>>) {
        let size = match size.split_once(['x', '*']) {
            Some((width, height)) if !size.contains('-') => format!("{width}-x-{height}"),
            _ => size.to_owned(),
        };
        let quality = self.quality.map(|it| format!("{it}/")).unwrap_or_default();
        found.push(full(format!("{provider}/{quality}{size}/{model}")));
        found.push(bare(format!("{quality}{size}/{model}")));
        if !quality.is_empty() {
            found.push(full(format!("{provider}/{size}/{model}")));
            found.push(bare(format!("{size}/{model}")));
        }
    }
}

/// Whether an entry of the family `of` may price a call to `provider`. An entry without a provider
/// is an operator's own and prices any.
pub fn same_family(provider: &str, of: &str) -> bool {
    if of.is_empty() || provider == of {
        return true;
    }
    match provider {
        "vertex_ai" | "fireworks_ai" | "bedrock" => {
            let rest = of.strip_prefix(provider);
            rest.is_some_and(|it| it.starts_with('-') || it == "_converse")
        }
        "bedrock_converse" => of == "bedrock",
        "openai" => of == "text-completion-openai",
        "text-completion-openai" => of == "openai",
        "cohere" => of == "cohere_chat",
        "cohere_chat" => of == "cohere",
        "azure" => of == "azure_text",
        "azure_text" => of == "azure",
        _ => false,
    }
}

fn full<'a>(name: impl Into<Cow<'a, str>>) -> Candidate<'a> {
    Candidate {
        name: name.into(),
        bare: false,
    }
}

fn bare<'a>(name: impl Into<Cow<'a, str>>) -> Candidate<'a> {
    Candidate {
        name: name.into(),
        bare: true,
    }
}

fn strip_provider<'a>(model: &'a str, provider: &str) -> Option<&'a str> {
    model.strip_prefix(provider)?.strip_prefix('/')
}

/// `converse/us.anthropic.claude…:51k`, `us-east-1/…`, an ARN: down to the model's own name.
fn bedrock<'a>(model: &'a str, found: &mut Vec<Candidate<'a>>) {
    let mut rest = model;
    while let Some(cut) = BEDROCK_ROUTES.iter().find_map(|it| rest.strip_prefix(it)) {
        rest = cut;
    }
    if rest.starts_with("arn:") {
        rest = rest.rsplit_once('/').map_or(rest, |it| it.1);
    }
    if let Some((region, model)) = rest.split_once('/')
        && is_region(region)
    {
        found.push(full(format!("bedrock/{region}/{model}")));
        rest = model;
    }
    found.push(full(format!("bedrock/{rest}")));
    found.push(bare(rest));
    let throughput = rest
        .rsplit_once(':')
        .filter(|it| it.1.ends_with('k') && it.0.contains(':'));
    if let Some((model, _)) = throughput {
        found.push(bare(model));
        rest = model;
    }
    if let Some((geo, model)) = rest.split_once('.')
        && BEDROCK_GEOS.contains(&geo)
    {
        found.push(bare(model));
    }
}

/// `us-west-2`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let number = parts
        .next()
        .is_some_and(|it| it.len() == 1 && it.bytes().all(|it| it.is_ascii_digit()));
    number && parts.count() >= 2
}

/// `gemini-1.5-pro-002` is a stable version of `gemini-1.5-pro`.
fn stable_version(model: &str) -> Option<&str> {
    let (base, version) = model.rsplit_once('-')?;
    (version.len() == 3 && version.bytes().all(|it| it.is_ascii_digit())).then_some(base)
}

/// `ft:gpt-4o-2024-08-06:org:name:id` costs what `ft:gpt-4o-2024-08-06` does.
fn tuned(model: &str) -> Option<&str> {
    let rest = model.strip_prefix("ft:")?;
    let owner = rest.find(':')?;
    model.get(..owner + 3)
}
