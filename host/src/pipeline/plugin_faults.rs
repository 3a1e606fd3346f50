//! What it means for a call that its plugin refused it, or broke.

use std::time::Duration;

use sluice_engine::CallError;
use sluice_engine::contract::Error;

use super::fleet::Line;
use crate::domain::{Blame, ErrorKind, Fault, Retry};

/// A guest that broke.
pub fn broke(cause: CallError) -> Fault {
    let mut fault = Fault::plugin(cause.to_string());
    // The engine counts its traps itself.
    fault.is_breach = false;
    match cause {
        // It broke too often to be asked, so this call, too, failed because of it: a new version
        // whose circuit opens is taken back, however many failures of its own that takes.
        CallError::Open { seconds, .. } => {
            fault.kind = ErrorKind::Overloaded;
            fault.retry = Retry::NextDeployment;
            fault.retry_after = Some(Duration::from_secs(seconds));
        }
        cause if cause.is_plugins_fault() => {
            // Exports are pure: the same request would break it again, and count against it again.
            fault.retry = Retry::NextDeployment;
        }
        _ => {
            fault.kind = ErrorKind::Overloaded;
            fault.plugin_at_fault = false;
        }
    }
    fault
}

/// A plugin's own error.
pub fn refused(error: Error, line: &Line) -> Fault {
    let kind = ErrorKind::from_contract(&error.kind);
    let mut fault = Fault::upstream(kind, error.message);
    fault.blame = match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::Unsupported
        | ErrorKind::ContextWindow
        | ErrorKind::ContentPolicy => Blame::Caller,
        ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Quota => Blame::Operator,
        _ => Blame::Upstream,
    };
    fault.plugin_at_fault = kind == ErrorKind::Internal;
    fault.status = error.status;
    fault.retry = match error.retry {
        Some(true) => Retry::SameDeployment,
        Some(false) => Retry::Never,
        None => kind.retry(),
    };
    fault.retry_after = error.retry_after_ms.map(Duration::from_millis);
    fault.detail = error.detail.and_then(|it| serde_json::from_str(&it).ok());
    let text = |name: &str| {
        fault
            .detail
            .as_ref()?
            .get(name)?
            .as_str()
            .map(str::to_owned)
    };
    (fault.code, fault.param) = (text("code"), text("param"));
    fault.provider = Some(line.provider.name.clone());
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_broke_is_not_asked_again_by_the_same_call() {
        let fault = broke(CallError::Crashed {
            plugin: "p".into(),
            export: "start",
            what: "unreachable".into(),
        });
        assert!(fault.plugin_at_fault && fault.retry == Retry::NextDeployment);
        assert!(!fault.is_breach);
    }

    #[test]
    fn an_open_circuit_counts_against_its_version_and_a_busy_machine_does_not() {
        let (plugin, seconds) = ("p".to_owned(), 30);
        let open = broke(CallError::Open { plugin, seconds });
        assert!(open.plugin_at_fault && open.kind == ErrorKind::Overloaded);
        assert_eq!(open.retry_after, Some(Duration::from_secs(30)));
        let busy = broke(CallError::Full { plugin: "p".into() });
        assert!(!busy.plugin_at_fault && busy.kind == ErrorKind::Overloaded);
    }
}
