//! Which of a request's parameters a deployment's provider takes, by its `describe`.
//!
//! Parameters of the OpenAI API are judged, and others that `describe` names. Anything else in the
//! body is a provider's own and passes through.

use crate::domain::{ErrorKind, Fault};

/// What `describe` says of the parameters of one operation for one model.
#[derive(Debug, Clone, Default)]
pub struct ParamRules<'d> {
    /// If given, what is not in it is unsupported.
    pub allowed: Option<Vec<&'d str>>,
    pub unsupported: Vec<&'d str>,
    /// Accepted and taken out.
    pub ignored: Vec<&'d str>,
}

/// The deployment's and the request's word on unsupported parameters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leniency<'a> {
    pub drop_params: bool,
    pub additional_drop: &'a [String],
    pub allow: &'a [String],
    /// Members that ask for nothing: null, and the one choice that is given anyway. Clients'
    /// libraries send them unasked.
    pub idle: &'a [&'a str],
}

/// The optional parameters of the OpenAI chat, completions and embeddings operations
/// (API reference, November 2026).
const OPENAI_PARAMS: &[&str] = &[
    "audio",
    "dimensions",
    "encoding_format",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

impl ParamRules<'_> {
    fn judges(&self, name: &str) -> bool {
        OPENAI_PARAMS.contains(&name) || self.unsupported.contains(&name)
    }

    fn takes(&self, name: &str) -> bool {
        let listed = |list: &[&str]| list.contains(&name);
        !listed(&self.unsupported) && self.allowed.as_deref().is_none_or(listed)
    }

    /// The members to take out of a request with these `members`, or a refusal that names every
    /// parameter the provider does not take.
    pub fn judge<'m>(
        &self,
        members: impl IntoIterator<Item = &'m str>,
        leniency: Leniency<'_>,
        (provider, model): (&str, &str),
    ) -> Result<Vec<&'m str>, Fault> {
        let mut out = Vec::new();
        let mut refused = Vec::new();
        for name in members {
            let listed = |list: &[String]| list.iter().any(|it| it == name);
            if listed(leniency.additional_drop) || self.ignored.contains(&name) {
                out.push(name);
            } else if self.judges(name) && !listed(leniency.allow) && !self.takes(name) {
                // The usage chunk is the gateway's to give, whatever the provider takes.
                let droppable = leniency.drop_params
                    || name == "stream_options"
                    || leniency.idle.contains(&name);
                if droppable {
                    out.push(name)
                } else {
                    refused.push(name)
                }
            }
        }
        if refused.is_empty() {
            Ok(out)
        } else {
            Err(refusal(&refused, provider, model))
        }
    }
}

fn refusal(params: &[&str], provider: &str, model: &str) -> Fault {
    let message = format!(
        "{provider} does not support parameters: {params:?}, for model={model}. To drop these, set \
         `drop_params: true` under `litellm_settings` or send it in the request. To send them on \
         all the same, list them in `allowed_openai_params`."
    );
    let mut fault = Fault::upstream(ErrorKind::Unsupported, message);
    fault.param = params.first().map(|name| (*name).to_owned());
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn rules() -> ParamRules<'static> {
        ParamRules {
            unsupported: vec!["seed", "n"],
            ignored: vec!["user"],
            allowed: None,
        }
    }

    #[test]
    fn a_refusal_names_every_parameter_and_the_cure() {
        let members = ["model", "seed", "n", "own_thing"];
        let fault = rules()
            .judge(members, Leniency::default(), ("acme", "m"))
            .unwrap_err();
        assert!(
            fault.message.contains(r#"["seed", "n"]"#) && fault.message.contains("drop_params")
        );
    }

    #[test]
    fn drop_params_takes_them_out_and_leaves_the_rest() {
        let members = ["seed", "user", "temperature", "own_thing"];
        let leniency = Leniency {
            drop_params: true,
            ..Leniency::default()
        };
        assert_eq!(
            rules().judge(members, leniency, ("acme", "m")).unwrap(),
            ["seed", "user"]
        );
    }

    #[test]
    fn what_asks_for_nothing_is_taken_out_and_refuses_nothing() {
        let leniency = Leniency {
            idle: &["n", "temperature"],
            ..Leniency::default()
        };
        let out = rules().judge(["n", "temperature"], leniency, ("acme", "m"));
        assert_eq!(out.unwrap(), ["n"]);
    }

    #[test]
    fn a_providers_own_parameter_is_judged_where_describe_names_it() {
        let rules = ParamRules {
            unsupported: vec!["top_k"],
            ..ParamRules::default()
        };
        let refused = rules.judge(["top_k"], Leniency::default(), ("acme", "m"));
        assert!(refused.unwrap_err().message.contains("top_k"));
    }

    #[test]
    fn an_allowed_parameter_is_sent_against_the_rules() {
        let allow = list(&["seed"]);
        let leniency = Leniency {
            allow: &allow,
            ..Leniency::default()
        };
        let members = ["seed"];
        assert!(
            rules()
                .judge(members, leniency, ("acme", "m"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn an_allow_list_refuses_the_openai_parameters_it_lacks() {
        let rules = ParamRules {
            allowed: Some(vec!["stop"]),
            ..ParamRules::default()
        };
        let members = ["stop", "top_p", "top_k"];
        let fault = rules
            .judge(members, Leniency::default(), ("acme", "m"))
            .unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("top_p"));
    }
}
