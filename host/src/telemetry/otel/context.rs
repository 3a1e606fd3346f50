//! Where a call stands in its trace: W3C Trace Context, in and out.

use std::fmt::Write as _;

/// Where a span stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub trace: u128,
    pub span: u64,
    /// The span of the client that called.
    pub parent: Option<u64>,
    pub sampled: bool,
    /// `tracestate`, as it came.
    pub state: Option<String>,
}

/// What a client says of the trace that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    pub trace: u128,
    pub span: u64,
    pub sampled: bool,
}

/// Longest `tracestate` that is passed on, in bytes; the standard asks for 512.
const LONGEST_STATE: usize = 512;

impl Parent {
    /// Reads a `traceparent`. None: it is none, and the call begins a trace of its own.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let (span, flags) = (parts.next()?, parts.next()?);
        // Later versions may say more behind; this one may not.
        let more = parts.next().is_some();
        let version = number(version, 2)?;
        if version == 0xff || (version == 0 && more) {
            return None;
        }
        let trace = number(trace, 32).filter(|it| *it != 0)?;
        let span = number(span, 16).filter(|it| *it != 0)?;
        let flags = number(flags, 2)?;
        Some(Self {
            trace,
            span: u64::try_from(span).ok()?,
            sampled: flags & 1 == 1,
        })
    }
}

/// So many lower-case hex digits.
fn number(text: &str, digits: usize) -> Option<u128> {
    let lower = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    let fits = text.len() == digits && text.bytes().all(lower);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl Context {
    /// The context of a call, below the one that its client names.
    pub fn below(parent: Option<Parent>, state: Option<&str>, sampled: bool) -> Self {
        let state = state.filter(|it| parent.is_some() && it.len() <= LONGEST_STATE);
        Self {
            trace: parent.map_or_else(fresh_trace, |it| it.trace),
            span: fresh_span(),
            parent: parent.map(|it| it.span),
            sampled,
            state: state.map(str::to_owned),
        }
    }

    /// The `traceparent` of what is sent from a span of this trace.
    pub fn header(&self, span: u64) -> String {
        let mut out = String::with_capacity(55);
        let flags = u8::from(self.sampled);
        // Writing to a string does not fail.
        let _ = write!(out, "00-{:032x}-{span:016x}-{flags:02x}", self.trace);
        out
    }
}

/// An id that is never zero.
pub fn fresh_trace() -> u128 {
    rand::random::<u128>().max(1)
}

/// An id that is never zero.
pub fn fresh_span() -> u64 {
    rand::random::<u64>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_call_goes_on_with_its_clients_trace() {
        let parent = Parent::parse(GIVEN).unwrap();
        let context = Context::below(Some(parent), Some("a=b"), true);
        assert_eq!(context.parent, Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!(context.state.as_deref(), Some("a=b"));
        assert_eq!(context.header(0x00f0_67aa_0ba9_02b7), GIVEN);
        assert_ne!(context.span, parent.span);
    }

    #[test]
    fn what_is_no_traceparent_begins_a_trace_of_its_own() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Parent::parse(text), None, "{text}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(Parent::parse(later).is_some());
        let own = Context::below(None, Some("a=b"), true);
        assert!(own.trace != 0 && own.span != 0 && own.state.is_none());
    }

    proptest! {
        #[test]
        fn a_header_reads_back(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let context = Context { trace, span, parent: None, sampled, state: None };
            let read = Parent::parse(&context.header(span)).unwrap();
            prop_assert_eq!(read, Parent { trace, span, sampled });
        }

        #[test]
        fn nothing_that_a_client_writes_breaks_the_reader(text in ".{0,80}") {
            let _ = Parent::parse(&text);
        }
    }
}
