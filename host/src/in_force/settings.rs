//! Whether the gateway would run with changed settings: the whole config is judged, as if the file
//! had changed.

use serde_json::{Map, Value};

use super::Running;
use crate::config::{Remark, Taken};
use crate::domain::{ErrorKind, Fault};

/// Judges whole sections, of which the change names some settings by their paths. What it says of
/// those that may be.
pub(super) async fn check(
    running: &Running,
    sections: &Map<String, Value>,
    named: &[String],
) -> Result<Vec<String>, Fault> {
    let mut stored = running.held.read().await?;
    for (section, settings) in sections {
        stored.settings.insert(section.clone(), settings.clone());
    }
    let judged = running.judge.judge(stored).await;
    let judged = judged.map_err(|wrong| refused(the_own(named, &wrong)))?;
    let own = |it: &&Remark| is_of(named, &it.path);
    let remarks = || judged.config.remarks.iter().filter(own);
    // In a file an unknown key may be another version's; here somebody means it now.
    if let Some(unknown) = remarks().find(|it| it.taken == Taken::Unknown) {
        return Err(refused(Some(unknown)));
    }
    let said = remarks().filter(|it| it.taken != Taken::Honoured);
    Ok(said.map(in_words).collect())
}

/// Of several mistakes, the one that the change makes says the most.
fn the_own<'a>(named: &[String], wrong: &'a [Remark]) -> Option<&'a Remark> {
    let own = wrong.iter().find(|it| is_of(named, &it.path));
    own.or(wrong.first())
}

fn refused(why: Option<&Remark>) -> Fault {
    let (message, path) = match why {
        Some(it) if !it.path.is_empty() => (in_words(it), it.path.as_str()),
        Some(it) => (it.text.clone(), "request_body"),
        None => ("the config would be wrong".to_owned(), "request_body"),
    };
    let fault = Fault::caller(ErrorKind::InvalidRequest, message);
    fault.with_param(path).with_status(400)
}

fn in_words(it: &Remark) -> String {
    format!("`{}` {}", it.path, it.text)
}

/// Whether a remark's path is of one of the settings that a change names.
fn is_of(named: &[String], path: &str) -> bool {
    named.iter().any(|name| {
        let inside = path.strip_prefix(name.as_str());
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_of_the_setting_that_its_path_begins_with() {
        let named = ["general_settings.allowed_ips".to_owned()];
        for (path, own) in [
            ("general_settings.allowed_ips", true),
            ("general_settings.allowed_ips[2]", true),
            ("general_settings.allowed_ips.of", true),
            ("general_settings.allowed_ips_too", false),
            ("general_settings", false),
        ] {
            assert_eq!(is_of(&named, path), own, "{path}");
        }
        let wrong = |path: &str| Remark {
            path: path.to_owned(),
            taken: Taken::Wrong,
            text: "is wrong".to_owned(),
        };
        let all = [
            wrong("router_settings.timeout"),
            wrong("general_settings.allowed_ips"),
        ];
        assert_eq!(the_own(&named, &all), Some(&all[1]));
        assert_eq!(the_own(&named, &all[..1]), Some(&all[0]));
        let whole = refused(Some(&wrong("")));
        assert_eq!(
            (whole.param.as_deref(), whole.message.as_str()),
            (Some("request_body"), "is wrong")
        );
    }
}
