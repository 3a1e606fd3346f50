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
    /// Left out where they are not taken.
    pub soft: &'a [&'static str],
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

/// Values with which a parameter asks for what happens without it: clients fill them in on their
/// own (LangChain sends `n: 1`, Vercel's AI SDK `store: false`), so a provider that lacks the
/// parameter loses nothing.
const NEUTRAL: &[(&str, &[&str])] = &[
    ("frequency_penalty", &["0", "0.0"]),
    ("function_call", &["\"auto\""]),
    ("functions", &["[]"]),
    ("logit_bias", &["{}"]),
    ("logprobs", &["false"]),
    ("n", &["1"]),
    ("parallel_tool_calls", &["true"]),
    ("presence_penalty", &["0", "0.0"]),
    ("stop", &["[]", "\"\""]),
    ("store", &["false"]),
    ("temperature", &["1", "1.0"]),
    ("tools", &["[]"]),
    ("top_logprobs", &["0"]),
    ("top_p", &["1", "1.0"]),
];

/// Parameters that are for the gateway as well, and never a reason to refuse: the usage chunk is
/// the gateway's to give, and `user` names the end user to it.
const GATEWAYS: [&str; 2] = ["stream_options", "user"];

/// What is taken out of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged<'m> {
    pub out: Vec<&'m str>,
    /// Those of them that the provider does not take and that ask for something: the client is told.
    pub dropped: Vec<&'m str>,
}

impl ParamRules<'_> {
    fn judges(&self, name: &str) -> bool {
        OPENAI_PARAMS.contains(&name) || self.unsupported.contains(&name)
    }

    fn takes(&self, name: &str) -> bool {
        let listed = |list: &[&str]| list.contains(&name);
        !listed(&self.unsupported) && self.allowed.as_deref().is_none_or(listed)
    }

    /// The optional parameters of the OpenAI API that have an effect.
    pub fn openai(&self) -> Vec<&'static str> {
        let taken = |name: &&str| self.takes(name) && !self.ignored.contains(name);
        OPENAI_PARAMS.iter().copied().filter(taken).collect()
    }

    /// The members to take out of a request with these `members` (name, raw value), or a refusal
    /// that names every parameter the provider does not take.
    pub fn judge<'m>(
        &self,
        members: impl IntoIterator<Item = (&'m str, &'m str)>,
        leniency: Leniency<'_>,
        (provider, model): (&str, &str),
    ) -> Result<Judged<'m>, Fault> {
        let mut out = Vec::new();
        let mut dropped = Vec::new();
        let mut refused = Vec::new();
        for (name, raw) in members {
            let listed = |list: &[String]| list.iter().any(|it| it == name);
            if listed(leniency.additional_drop) {
                out.push(name);
            } else if listed(leniency.allow) {
                // The operator, or the client, knows better.
            } else if self.ignored.contains(&name) {
                out.push(name);
            } else if self.judges(name) && !self.takes(name) {
                let silent = GATEWAYS.contains(&name) || asks_nothing(name, raw);
                let soft = leniency.drop_params || leniency.soft.contains(&name);
                match (silent, soft) {
                    (true, _) => out.push(name),
                    (false, true) => {
                        out.push(name);
                        dropped.push(name);
                    }
                    (false, false) => refused.push(name),
                }
            }
        }
        if refused.is_empty() {
            Ok(Judged { out, dropped })
        } else {
            Err(refusal(&refused, provider, model))
        }
    }
}

/// Whether the request means the same without this member.
fn asks_nothing(name: &str, raw: &str) -> bool {
    let neutral = NEUTRAL.iter().find(|(known, _)| *known == name);
    raw == "null" || neutral.is_some_and(|(_, values)| values.contains(&raw))
}

/// In LiteLLM's words, which clients and their users search for.
fn refusal(params: &[&str], provider: &str, model: &str) -> Fault {
    let names = format!("['{}']", params.join("', '"));
    let message = format!(
        "{provider} does not support parameters: {names}, for model={model}. To drop these, set \
         `drop_params: true` under `litellm_settings`, or send `drop_params` in the request. To \
         send them on all the same, send allowed_openai_params={names} in the request, or set it \
         in the deployment's `litellm_params`."
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

    /// What is taken out of a request with these members, or why it is refused.
    fn judged(
        rules: &ParamRules<'_>,
        members: &[(&'static str, &'static str)],
        leniency: Leniency<'_>,
    ) -> Result<Vec<&'static str>, Fault> {
        let judged = rules.judge(members.iter().copied(), leniency, ("acme", "m"));
        judged.map(|it| it.out)
    }

    #[test]
    fn what_was_asked_for_and_left_out_is_told_and_nothing_else() {
        let additional = list(&["own_thing"]);
        let leniency = Leniency {
            soft: &["seed"],
            additional_drop: &additional,
            ..Leniency::default()
        };
        let members = [
            ("seed", "7"),
            ("n", "1"),
            ("user", "\"u\""),
            ("own_thing", "1"),
        ];
        let judged = rules().judge(members, leniency, ("acme", "m")).unwrap();
        assert_eq!(judged.out, ["seed", "n", "user", "own_thing"]);
        assert_eq!(judged.dropped, ["seed"]);
    }

    #[test]
    fn parameters_that_are_taken_are_told() {
        let rules = ParamRules {
            allowed: Some(vec!["temperature", "tools", "own"]),
            unsupported: vec!["tools"],
            ignored: vec![],
        };
        assert_eq!(rules.openai(), ["temperature"]);
        let rules = ParamRules {
            ignored: vec!["seed"],
            ..ParamRules::default()
        };
        assert_eq!(rules.openai().len(), OPENAI_PARAMS.len() - 1);
    }

    #[test]
    fn a_refusal_names_every_parameter_and_the_cure() {
        let members = [
            ("model", "\"m\""),
            ("seed", "7"),
            ("n", "2"),
            ("own_thing", "1"),
        ];
        let fault = judged(&rules(), &members, Leniency::default()).unwrap_err();
        assert!(
            fault
                .message
                .starts_with("acme does not support parameters: ['seed', 'n'], for model=m."),
            "{}",
            fault.message
        );
        assert!(fault.message.contains("drop_params: true"));
        assert!(
            fault
                .message
                .contains("allowed_openai_params=['seed', 'n']")
        );
    }

    #[test]
    fn drop_params_takes_them_out_and_leaves_the_rest() {
        let members = [
            ("seed", "7"),
            ("user", "\"u\""),
            ("temperature", "1"),
            ("own_thing", "1"),
        ];
        let leniency = Leniency {
            drop_params: true,
            ..Leniency::default()
        };
        let out = judged(&rules(), &members, leniency).unwrap();
        assert_eq!(out, ["seed", "user"]);
    }

    #[test]
    fn a_providers_own_parameter_is_judged_where_describe_names_it() {
        let rules = ParamRules {
            unsupported: vec!["top_k"],
            ..ParamRules::default()
        };
        let refused = judged(&rules, &[("top_k", "5")], Leniency::default());
        assert!(refused.unwrap_err().message.contains("top_k"));
    }

    #[test]
    fn an_allowed_parameter_is_sent_against_the_rules() {
        let allow = list(&["seed", "user"]);
        let leniency = Leniency {
            allow: &allow,
            ..Leniency::default()
        };
        let members = [("seed", "7"), ("user", "\"u\"")];
        assert!(judged(&rules(), &members, leniency).unwrap().is_empty());
    }

    #[test]
    fn what_is_to_be_dropped_goes_even_if_it_is_allowed() {
        let names = list(&["seed"]);
        let leniency = Leniency {
            allow: &names,
            additional_drop: &names,
            ..Leniency::default()
        };
        let out = judged(&rules(), &[("seed", "7")], leniency).unwrap();
        assert_eq!(out, ["seed"]);
    }

    #[test]
    fn a_value_that_asks_for_nothing_is_no_reason_to_refuse() {
        let rules = ParamRules {
            unsupported: vec![
                "n",
                "seed",
                "temperature",
                "presence_penalty",
                "logprobs",
                "store",
            ],
            ..ParamRules::default()
        };
        let members = [
            ("n", "1"),
            ("seed", "null"),
            ("temperature", "1.0"),
            ("presence_penalty", "0"),
            ("logprobs", "false"),
            ("store", "false"),
        ];
        let out = judged(&rules, &members, Leniency::default()).unwrap();
        assert_eq!(out, members.map(|(name, _)| name));
        for member in [
            ("n", "2"),
            ("temperature", "0.7"),
            ("seed", "0"),
            ("store", "true"),
        ] {
            let fault = judged(&rules, &[member], Leniency::default()).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(member.0));
        }
    }

    #[test]
    fn who_asks_and_the_usage_chunk_are_the_gateways_own_business() {
        let rules = ParamRules {
            unsupported: vec!["user", "stream_options"],
            ..ParamRules::default()
        };
        let members = [
            ("user", "\"u\""),
            ("stream_options", "{\"include_usage\":true}"),
        ];
        let out = judged(&rules, &members, Leniency::default()).unwrap();
        assert_eq!(out, ["user", "stream_options"]);
    }

    #[test]
    fn an_allow_list_refuses_the_openai_parameters_it_lacks() {
        let rules = ParamRules {
            allowed: Some(vec!["stop"]),
            ..ParamRules::default()
        };
        let members = [("stop", "\"x\""), ("top_p", "0.5"), ("top_k", "3")];
        let fault = judged(&rules, &members, Leniency::default()).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("top_p"));
    }
}
