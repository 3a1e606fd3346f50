//! What it means for a call that its plugin refused it, or broke.

use std::time::Duration;

use sluice_engine::CallError;
use sluice_engine::contract::Error;

use super::fleet::Line;
use crate::domain::{Blame, ErrorKind, Fault, Retry};

/// A guest that broke.
pub fn broke(cause: CallError) -> Fault {
    let mut fault = Fault::plugin(cause.to_string());
    fault.plugin_at_fault = cause.is_plugins_fault();
    if fault.plugin_at_fault {
        // Exports are pure: the same request would break it again, and count against it again.
        fault.retry = Retry::NextDeployment;
    } else {
        fault.kind = ErrorKind::Overloaded;
        if let CallError::Open { seconds, .. } = cause {
            fault.retry = Retry::NextDeployment;
            fault.retry_after = Some(Duration::from_secs(seconds));
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
    }
}
