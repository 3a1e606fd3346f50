//! Headers in which what stands before the gateway names people: `user_header_mappings` and
//! `user_header_name`.

use serde_json::Value;

use super::remarks::Taken;
use super::section::Section;

const MAPPINGS: &str = "user_header_mappings";
const NAME: &str = "user_header_name";
const ROLES: &str = "`litellm_user_role` is `customer` or `internal_user`";

/// Headers that name people, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserHeaders {
    /// The first that a request has names the customer.
    pub customer: Vec<String>,
    /// Names the user of ours whose spend the call is.
    pub internal_user: Vec<String>,
}

impl UserHeaders {
    pub fn read(section: &mut Section<'_>) -> Self {
        let mut headers = Self::default();
        let mappings = match section.resolved(MAPPINGS) {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(one) => vec![one],
        };
        for (place, mapping) in mappings.iter().enumerate() {
            let text = |name: &str| mapping.get(name).and_then(Value::as_str);
            let header = text("header_name").and_then(header);
            let list = match text("litellm_user_role") {
                Some("customer") => Some(&mut headers.customer),
                Some("internal_user") => Some(&mut headers.internal_user),
                _ => None,
            };
            match (header, list) {
                (Some(header), Some(list)) => list.push(header),
                (None, _) => {
                    let text = format!("entry {place} has no `header_name` that a header can have");
                    section.say(Taken::Wrong, MAPPINGS, text);
                }
                (_, None) => {
                    let text = format!("entry {place} has another role: {ROLES}");
                    section.say(Taken::Wrong, MAPPINGS, text);
                }
            }
        }
        if let Some(name) = section.text(NAME).filter(|it| !it.is_empty()) {
            match header(&name) {
                Some(name) => headers.customer.push(name),
                None => section.say(Taken::Wrong, NAME, "is no name that a header can have"),
            }
        }
        headers
    }
}

/// A header's name, in lower case. None: no header can have it.
fn header(name: &str) -> Option<String> {
    let name = name.trim();
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    (!name.is_empty() && name.bytes().all(plain)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;
    use crate::config::remarks::Remarks;
    use serde_json::json;

    fn read(value: Value) -> (UserHeaders, usize) {
        let env = Env::default();
        let mut remarks = Remarks::default();
        let mut section = Section::new("general_settings", Some(value), &env, &mut remarks);
        let headers = UserHeaders::read(&mut section);
        let wrong = remarks.0.iter().filter(|it| it.taken == Taken::Wrong);
        (headers, wrong.count())
    }

    #[test]
    fn mappings_go_before_the_older_name_and_may_be_one_or_several() {
        let (headers, wrong) = read(json!({NAME: "X-Old", MAPPINGS: [
            {"header_name": "X-User-Email", "litellm_user_role": "customer"},
            {"header_name": "X-User-Id", "litellm_user_role": "internal_user"}]}));
        assert_eq!(headers.customer, ["x-user-email", "x-old"]);
        assert_eq!(
            (headers.internal_user, wrong),
            (vec!["x-user-id".to_owned()], 0)
        );
        let one = json!({MAPPINGS: {"header_name": "X-A", "litellm_user_role": "customer"}});
        assert_eq!(read(one).0.customer, ["x-a"]);
        assert_eq!(read(json!({})), (UserHeaders::default(), 0));
    }

    #[test]
    fn what_names_no_header_or_no_role_is_wrong() {
        for value in [
            json!({NAME: "no header"}),
            json!({MAPPINGS: [{"litellm_user_role": "customer"}]}),
            json!({MAPPINGS: [{"header_name": "x", "litellm_user_role": "proxy_admin"}]}),
            json!({MAPPINGS: "x"}),
        ] {
            assert_eq!(read(value.clone()), (UserHeaders::default(), 1), "{value}");
        }
    }
}
