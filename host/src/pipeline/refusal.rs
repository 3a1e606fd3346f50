//! Why a call finds no deployment, as the client is told it.

use std::time::Duration;

use crate::domain::{At, Blame, ErrorKind, Fault, Retry};
use crate::router::{Decision, Reason};

/// The refusal where nobody is left to ask. `broken`: what is wrong with one that cannot be tried.
pub fn of(
    decision: &Decision,
    (group, input_tokens): (&str, Option<u64>),
    broken: Option<Fault>,
    now_ms: i64,
) -> Fault {
    let all = |wanted: fn(&Reason) -> bool| decision.out.iter().all(|(_, reason)| wanted(reason));
    if all(|it| matches!(it, Reason::Team)) {
        return no_such_model(group);
    }
    if all(|it| matches!(it, Reason::Tags | Reason::Team)) {
        let message =
            format!("Not allowed to access model due to tags configuration. Passed model={group}");
        return nobody(ErrorKind::Authentication, message, Blame::Caller);
    }
    if all(|it| matches!(it, Reason::TooLong | Reason::Team | Reason::Tags)) {
        let tokens = input_tokens.unwrap_or(0);
        let message = format!(
            "litellm.ContextWindowExceededError: the request is longer than any deployment of \
             model={group} takes: about {tokens} tokens"
        );
        return nobody(ErrorKind::ContextWindow, message, Blame::Caller);
    }
    let waits = decision
        .rests_until()
        .or_else(|| minute_ends(decision, now_ms));
    if let (Some(fault), None) = (broken, waits) {
        return fault;
    }
    let wait = waits.map(|until| {
        let left = u64::try_from(until.saturating_sub(now_ms)).unwrap_or(0);
        Duration::from_secs(left.div_ceil(1000).max(1))
    });
    let soon = wait.map_or_else(String::new, |it| {
        format!(", Try again in {} seconds", it.as_secs())
    });
    let message = format!(
        "No deployments available for selected model{soon}. Passed model={group}. {}",
        counted(decision)
    );
    let mut fault = nobody(ErrorKind::RateLimit, message, Blame::Operator);
    fault.retry_after = wait;
    fault.with_type("internal_server_error")
}

/// The first that cannot be tried at all.
pub fn unready(decision: &Decision) -> Option<usize> {
    let mut out = decision.out.iter();
    let found = out.find(|(_, reason)| *reason == Reason::Unready);
    found.map(|(at, _)| *at)
}

/// When those that have used up their minute may be asked again.
fn minute_ends(decision: &Decision, now_ms: i64) -> Option<i64> {
    let used_up = |(_, it): &(usize, Reason)| matches!(it, Reason::Requests | Reason::Tokens);
    let next = || now_ms.div_euclid(60_000).saturating_add(1);
    let any = decision.out.iter().any(used_up);
    any.then(|| next().saturating_mul(60_000))
}

/// Who was ruled out, by reason.
fn counted(decision: &Decision) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (_, reason) in &decision.out {
        let name = reason.as_str();
        match counts.iter_mut().find(|(it, _)| *it == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    if decision.more_out > 0 {
        counts.push(("more", decision.more_out));
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    format!("Ruled out: {}", counts.join(", "))
}

fn nobody(kind: ErrorKind, message: String, blame: Blame) -> Fault {
    let mut fault = Fault::upstream(kind, message)
        .at(At::Router)
        .with_retry(Retry::Never);
    fault.blame = blame;
    fault
}

pub fn no_such_model(group: &str) -> Fault {
    let message = format!(
        "litellm.BadRequestError: You passed in model={group}. There are no healthy deployments for this model"
    );
    Fault::caller(ErrorKind::NotFound, message).with_param("model")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(out: &[Reason]) -> Fault {
        let decision = Decision {
            out: out.iter().copied().enumerate().collect(),
            ..Decision::default()
        };
        let broken = Fault::operator(ErrorKind::NotFound, "no plugin serves it");
        of(&decision, ("m", Some(9)), Some(broken), 61_000)
    }

    #[test]
    fn the_refusal_says_what_was_in_the_way() {
        let rests = Reason::Rests { until_ms: 63_500 };
        for (out, kind, seconds) in [
            (&[Reason::Team][..], ErrorKind::NotFound, None),
            (
                &[Reason::Tags, Reason::Team],
                ErrorKind::Authentication,
                None,
            ),
            (
                &[Reason::TooLong, Reason::Tags],
                ErrorKind::ContextWindow,
                None,
            ),
            (&[Reason::Unready, Reason::Tags], ErrorKind::NotFound, None),
            (&[Reason::Unready, rests], ErrorKind::RateLimit, Some(3)),
            (&[Reason::Requests], ErrorKind::RateLimit, Some(59)),
        ] {
            let fault = refused(out);
            let wait = fault.retry_after.map(|it| it.as_secs());
            assert_eq!((fault.kind, wait), (kind, seconds), "{out:?}");
        }
        let message = refused(&[rests, rests, Reason::Tags]).message;
        assert!(
            message.ends_with("Ruled out: cooldown: 2, tags: 1"),
            "{message}"
        );
    }
}
