//! What the config and the environment say of the admin UI and of who signs in there: LiteLLM's
//! names, and two of ours for how long a session lasts.

use std::time::Duration;

use super::defaults;
use super::env::Env;
use super::remarks::Taken;
use super::section::{Section, flag_of};
use super::sso::Sso;
use crate::domain::Secret;

/// The admin UI.
#[derive(Debug, Clone, PartialEq)]
pub struct Ui {
    /// `disable_admin_ui`, else `DISABLE_ADMIN_UI`: no pages, and nobody signs in.
    pub disabled: bool,
    /// `ui_access_mode: admin_only`.
    pub admins_only: bool,
    /// `disable_env_credential_login`: `UI_USERNAME` opens nothing, as where SSO is there for all.
    pub no_operator: bool,
    /// `UI_USERNAME`.
    pub username: String,
    /// `UI_PASSWORD`; None: the master key.
    pub password: Option<Secret>,
    /// `PROXY_ADMIN_ID`: the operator's user, and who is a proxy admin wherever SSO brings them.
    pub admin_id: Option<String>,
    /// `ui_session_duration`, else `LITELLM_UI_SESSION_DURATION`: how long a session lasts at most.
    pub lasts: Duration,
    /// `ui_session_idle_timeout`: how long it lasts without a request.
    pub idle: Duration,
    /// `PROXY_BASE_URL`, without a slash at its end: where browsers find the gateway.
    pub base_url: Option<String>,
    /// `PROXY_LOGOUT_URL`: where the pages lead whoever signs out.
    pub logout_url: Option<String>,
    /// `AUTO_REDIRECT_UI_LOGIN_TO_SSO`.
    pub auto_sso: bool,
    /// None: nobody comes from an identity provider.
    pub sso: Option<Sso>,
}

impl Ui {
    pub fn read(section: &mut Section<'_>, env: &Env) -> Self {
        let flag = |name: &str| env.text(name).as_deref().and_then(flag_of);
        let disabled = section.flag("disable_admin_ui");
        let mode = section.raw("ui_access_mode");
        let mode = mode.as_ref().map(|it| it.as_str().unwrap_or("a mapping"));
        if let Some(other) = mode.filter(|it| !MODES.contains(it)) {
            let text = format!(
                "is {other}, which lets everybody in; expected one of {}",
                MODES.join(", ")
            );
            section.say(Taken::Warning, "ui_access_mode", text);
        }
        let lasts = section.seconds("ui_session_duration");
        Self {
            disabled: disabled
                .or_else(|| flag("DISABLE_ADMIN_UI"))
                .unwrap_or(false),
            admins_only: mode == Some("admin_only"),
            no_operator: section
                .flag("disable_env_credential_login")
                .unwrap_or(false),
            username: env
                .text("UI_USERNAME")
                .unwrap_or_else(|| defaults::UI_USERNAME.to_owned()),
            password: env.get("UI_PASSWORD"),
            admin_id: env.text("PROXY_ADMIN_ID"),
            lasts: lasts
                .or_else(|| of_text(&env.text("LITELLM_UI_SESSION_DURATION")?))
                .unwrap_or(defaults::UI_SESSION),
            idle: section
                .seconds("ui_session_idle_timeout")
                .unwrap_or(defaults::UI_IDLE),
            base_url: env
                .text("PROXY_BASE_URL")
                .map(|it| it.trim().trim_end_matches('/').to_owned()),
            logout_url: env.text("PROXY_LOGOUT_URL"),
            auto_sso: flag("AUTO_REDIRECT_UI_LOGIN_TO_SSO").unwrap_or(false),
            sso: Sso::read(env),
        }
    }
}

/// LiteLLM's modes.
const MODES: [&str; 2] = ["all", "admin_only"];

/// `90s`, `30m`, `24h`, `7d`.
fn of_text(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u64 = text.get(..text.len().checked_sub(1)?)?.parse().ok()?;
    let seconds = count.checked_mul(unit).filter(|it| *it > 0)?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::names::GENERAL;
    use super::super::remarks::Remarks;
    use super::*;
    use serde_json::{Value, json};

    fn read(section: Value, pairs: &[(&str, &str)]) -> (Ui, Remarks) {
        let (env, mut remarks) = (Env::of(pairs), Remarks::default());
        let mut section = Section::new("general_settings", Some(section), &env, &mut remarks);
        let ui = Ui::read(&mut section, &env);
        section.finish(&GENERAL);
        (ui, remarks)
    }

    #[test]
    fn without_a_word_the_admin_is_admin_and_sessions_end() {
        let (ui, _) = read(json!({}), &[]);
        assert_eq!((ui.username.as_str(), &ui.password), ("admin", &None));
        assert!(!ui.disabled && !ui.admins_only && ui.sso.is_none());
        assert_eq!(
            (ui.lasts, ui.idle),
            (defaults::UI_SESSION, defaults::UI_IDLE)
        );
    }

    #[test]
    fn the_file_counts_before_the_environment() {
        let pairs = [
            ("DISABLE_ADMIN_UI", "True"),
            ("LITELLM_UI_SESSION_DURATION", "2h"),
        ];
        let (ui, _) = read(json!({}), &pairs);
        assert!(ui.disabled && ui.lasts == Duration::from_secs(7_200));
        let said = json!({"disable_admin_ui": false, "ui_session_duration": 60,
            "ui_session_idle_timeout": 5, "ui_access_mode": "admin_only"});
        let (ui, _) = read(said, &pairs);
        assert!(!ui.disabled && ui.admins_only);
        assert_eq!(
            (ui.lasts, ui.idle),
            (Duration::from_secs(60), Duration::from_secs(5))
        );
    }

    #[test]
    fn a_mode_that_there_is_not_is_told() {
        for mode in [json!("admins"), json!({"type": "restricted_sso_group"})] {
            let (_, remarks) = read(json!({ "ui_access_mode": mode }), &[]);
            assert!(remarks.0.iter().any(|it| it.taken == Taken::Warning));
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(of_text("90s"), Some(Duration::from_secs(90)));
        assert_eq!(of_text("7d"), Some(Duration::from_secs(604_800)));
        for text in ["", "h", "0h", "12", "-1h", "1y", "99999999999999999999h"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
