//! Goes through a document by its table and gathers what is text.

use serde_json::{Map, Value};

use crate::look::{data_url, is_address, is_base64, is_label, is_name, is_textual, is_title};
use crate::rule::{Node, Rule, Whose, role_of};
use crate::span::{Form, Reading, Span, Unreadable, Why, channel, role};

/// Members of a JSON Schema whose members are names of the author's.
const NAMED: [&str; 5] = [
    "properties",
    "$defs",
    "definitions",
    "patternProperties",
    "dependentSchemas",
];

/// Members of a JSON Schema that hold words of its own, or names.
const WORDS: [&str; 8] = [
    "type", "format", "$ref", "$id", "$schema", "$anchor", "required", "name",
];

/// Where the walk is.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub role: &'static str,
    pub channel: Option<&'static str>,
    pub choice: u32,
    signed: bool,
}

impl Context {
    pub const fn of(role: &'static str) -> Self {
        Self {
            role,
            channel: None,
            choice: 0,
            signed: false,
        }
    }

    /// What plain text is here.
    fn channel(self) -> &'static str {
        match self.channel {
            Some(channel) => channel,
            None if self.role == role::TOOL => channel::TOOL_RESULT,
            None => channel::TEXT,
        }
    }

    const fn on(mut self, channel: &'static str) -> Self {
        self.channel = Some(channel);
        self
    }

    fn within(mut self, node: &Node, members: Option<&Map<String, Value>>) -> Self {
        let member = |name| members.and_then(|it| it.get(name)?.as_str());
        match node.whose {
            Whose::Outer => {}
            Whose::Is(role) => self.role = role,
            Whose::Said(usual) => {
                let said = member("role").and_then(role_of);
                self.role = said.or(usual).unwrap_or(self.role);
            }
        }
        self.channel = node.channel.or(self.channel);
        self.signed = node.signed && member("signature").is_some_and(|it| !it.is_empty());
        self
    }
}

/// `given`: the document is a request.
pub fn read(document: &Value, node: &'static Node, context: Context, given: bool) -> Reading {
    let mut walker = Walker {
        given,
        at: String::new(),
        out: Reading::default(),
    };
    walker.walk(document, Rule::In(node), context, None);
    walker.out
}

struct Walker {
    given: bool,
    at: String,
    out: Reading,
}

impl Walker {
    fn walk(
        &mut self,
        value: &Value,
        rule: Rule,
        context: Context,
        beside: Option<&Map<String, Value>>,
    ) {
        match (rule, value) {
            (_, Value::Null | Value::Bool(_) | Value::Number(_)) | (Rule::Secret, _) => {}
            // A request repeats nothing.
            (Rule::Again, _) if !self.given => {}
            (rule, Value::String(text)) => self.string(text, rule, context, beside),
            (rule, Value::Array(list)) => self.list(list, rule, context, beside),
            (rule, Value::Object(members)) => self.object(members, rule, context),
        }
    }

    fn string(
        &mut self,
        text: &str,
        rule: Rule,
        context: Context,
        beside: Option<&Map<String, Value>>,
    ) {
        let plain = match rule {
            Rule::Of(channel) => context.on(channel),
            Rule::In(node) => context.within(node, None),
            _ => context,
        };
        match rule {
            Rule::Arguments => {
                return self.found(
                    text.to_owned(),
                    context.on(channel::TOOL_ARGUMENTS),
                    Form::Document,
                );
            }
            _ if text.is_empty() => return,
            Rule::Label if is_label(text) => return,
            Rule::Title if !self.given && is_title(text) => return,
            Rule::Link if is_address(text) || is_label(text) => return,
            Rule::Signature if is_base64(text) => return,
            Rule::Sealed if is_base64(text) => return self.unreadable(Why::Sealed),
            Rule::Elsewhere if is_label(text) => return self.unreadable(Why::Elsewhere),
            Rule::Bytes | Rule::Address => {
                if let Some(why) = closed(text, rule, beside) {
                    return self.unreadable(why);
                }
            }
            _ => {}
        }
        let signed = plain.signed && plain.channel() == channel::REASONING;
        let form = match signed {
            true => Form::Signed { given: self.given },
            false => Form::Plain,
        };
        self.found(text.to_owned(), plain, form);
    }

    fn list(
        &mut self,
        list: &[Value],
        rule: Rule,
        context: Context,
        beside: Option<&Map<String, Value>>,
    ) {
        let textual = matches!(rule, Rule::Text | Rule::Of(_) | Rule::In(_));
        if textual && list.iter().any(Value::is_number) {
            self.unreadable(Why::Tokens);
        }
        for (index, value) in list.iter().enumerate() {
            let mut context = context;
            if let Rule::In(node) = rule
                && node.choices
            {
                let named = value.get("index").and_then(Value::as_u64);
                let choice = named.unwrap_or(index as u64);
                context.choice = u32::try_from(choice).unwrap_or(u32::MAX);
            }
            self.inside(&index.to_string(), |it| {
                it.walk(value, rule, context, beside);
            });
        }
    }

    fn object(&mut self, members: &Map<String, Value>, rule: Rule, context: Context) {
        match rule {
            Rule::In(node) => self.node(members, node, context),
            Rule::Arguments => self.leaves(members, context.on(channel::TOOL_ARGUMENTS)),
            Rule::Schema => self.schema(members, context),
            Rule::Label | Rule::Link | Rule::Signature => self.members(members, context, |_| rule),
            Rule::Address => self.members(members, context, |name| match name {
                "url" => rule,
                _ => Rule::Label,
            }),
            Rule::Of(channel) => self.members(members, context.on(channel), |_| Rule::Unknown),
            _ => self.members(members, context, |_| Rule::Unknown),
        }
    }

    fn node(&mut self, members: &Map<String, Value>, node: &'static Node, context: Context) {
        let kind = node.kinds.and_then(|(member, kinds)| {
            let said = match members.get(member)? {
                Value::String(text) => text.as_str(),
                Value::Bool(true) => "true",
                _ => return None,
            };
            kinds.iter().find(|(name, _)| *name == said)
        });
        let node = kind.map_or(node, |(_, kind)| kind);
        let context = context.within(node, Some(members));
        for (name, value) in members {
            let rule = node.rule(name);
            self.inside(name, |it| {
                if rule.is_none() {
                    it.name(name, context);
                }
                it.walk(value, rule.unwrap_or(node.rest), context, Some(members));
            });
        }
    }

    /// Members whose names are anybody's.
    fn members(
        &mut self,
        members: &Map<String, Value>,
        context: Context,
        rule: impl Fn(&str) -> Rule,
    ) {
        for (name, value) in members {
            self.inside(name, |it| {
                it.name(name, context);
                it.walk(value, rule(name), context, Some(members));
            });
        }
    }

    fn schema(&mut self, members: &Map<String, Value>, context: Context) {
        for (name, value) in members {
            let rule = match WORDS.contains(&name.as_str()) && !value.is_object() {
                true => Rule::Label,
                false => Rule::Schema,
            };
            self.inside(name, |it| {
                it.name(name, context);
                match value {
                    Value::Object(named) if NAMED.contains(&name.as_str()) => {
                        it.members(named, context, |_| Rule::Schema);
                    }
                    _ => it.walk(value, rule, context, None),
                }
            });
        }
    }

    /// A tool's arguments: strings and names as JSON writes them.
    fn leaves(&mut self, members: &Map<String, Value>, context: Context) {
        for (name, value) in members {
            self.inside(name, |it| {
                it.name(name, context);
                it.leaf(value, context);
            });
        }
    }

    fn leaf(&mut self, value: &Value, context: Context) {
        match value {
            Value::String(text) => self.found(inner_json(text), context, Form::Leaf),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.inside(&index.to_string(), |it| it.leaf(value, context));
                }
            }
            Value::Object(members) => self.leaves(members, context),
            _ => {}
        }
    }

    /// The name of a member, if it is none that a program would choose.
    fn name(&mut self, name: &str, context: Context) {
        if !is_name(name) {
            self.found(name.to_owned(), context, Form::Name);
        }
    }

    fn found(&mut self, text: String, context: Context, form: Form) {
        if text.is_empty() {
            return;
        }
        self.out.spans.push(Span {
            role: context.role,
            channel: context.channel(),
            choice: context.choice,
            pointer: self.at.clone(),
            text,
            form,
        });
    }

    fn unreadable(&mut self, why: Why) {
        let pointer = self.at.clone();
        self.out.unreadable.push(Unreadable { pointer, why });
    }

    fn inside(&mut self, name: &str, step: impl FnOnce(&mut Self)) {
        let length = self.at.len();
        self.at.push('/');
        for letter in name.chars() {
            match letter {
                '~' => self.at.push_str("~0"),
                '/' => self.at.push_str("~1"),
                other => self.at.push(other),
            }
        }
        step(self);
        self.at.truncate(length);
    }
}

/// Why bytes or an address cannot be read; none if it is neither.
fn closed(text: &str, rule: Rule, beside: Option<&Map<String, Value>>) -> Option<Why> {
    let told = |kind: &str| {
        if is_textual(kind) {
            Why::Encoded
        } else {
            Why::Media
        }
    };
    if let Some((kind, bytes)) = data_url(text) {
        return is_base64(bytes).then(|| told(kind));
    }
    if matches!(rule, Rule::Address) && !text.starts_with("data:") && is_address(text) {
        return Some(Why::Elsewhere);
    }
    let beside = |name| beside.and_then(|it| it.get(name)?.as_str());
    let kind = ["media_type", "mimeType", "mime_type"]
        .into_iter()
        .find_map(beside);
    is_base64(text).then(|| told(kind.unwrap_or_default()))
}

/// What stands between the quotes where JSON writes the text.
pub fn inner_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// The text that stands in JSON so.
pub fn of_inner_json(inner: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{inner}\"")).ok()
}
