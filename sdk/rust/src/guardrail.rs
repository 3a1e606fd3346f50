//! The traits a guardrail implements, and the lines that export it.

use crate::{Decision, Error, Inspection, Piece, StreamVerdict};

/// A guardrail: looks at the texts that go to a model and at those that come back, and lets them
/// pass, blocks them, or puts other texts there.
///
/// ```
/// use sluice_sdk::{Decision, Error, Guardrail, Inspection, guardrail};
///
/// /// Refuses whoever shouts.
/// struct Calm;
///
/// impl Guardrail for Calm {
///     fn describe() -> String {
///         r#"{"name": "calm", "version": "1.0.0", "guardrails": [{"name": "calm", "stages": ["pre"]}]}"#.to_owned()
///     }
///
///     fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
///         let loud = inspection.spans.iter().any(|it| it.text.ends_with("!!!"));
///         Ok(match loud {
///             true => Decision::block("please say it calmly", "loud"),
///             false => Decision::allow(),
///         })
///     }
/// }
///
/// guardrail!(Calm);
/// ```
pub trait Guardrail {
    /// The `describe` document: JSON that fits `wit/describe.schema.json`.
    fn describe() -> String;

    /// Looks at the texts of one stage of a call. Several guardrails of one plugin are told apart
    /// by [`Inspection::guardrail`].
    ///
    /// # Errors
    /// It cannot look. The call then fails, unless the operator lets pass what is not looked at.
    fn inspect(inspection: &Inspection) -> Result<Decision, Error>;
}

/// A guardrail that looks at an answer while it streams. One that is a [`Guardrail`] only is shown
/// the whole answer when the stream has ended.
///
/// What is held back, and whatever else has to live until the next pieces, goes through the state:
/// [`Held`](crate::Held) does the bookkeeping.
///
/// ```
/// use sluice_sdk::{
///     Decision, Error, Guardrail, Held, Inspection, Passed, Piece, StreamGuardrail, StreamVerdict,
///     parse_state, stream_guardrail, write_json,
/// };
///
/// /// Writes `***` where an answer says `acme`.
/// struct NoAcme;
///
/// impl Guardrail for NoAcme {
///     fn describe() -> String {
///         r#"{"name": "no-acme", "version": "1.0.0", "guardrails": [{"name": "no-acme", "stages": ["post"]}]}"#.to_owned()
///     }
///
///     fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
///         Ok(inspection.rewritten(|span| span.text.replace("acme", "***")))
///     }
/// }
///
/// impl StreamGuardrail for NoAcme {
///     fn open(_inspection: &Inspection) -> Result<String, Error> {
///         Ok(String::new())
///     }
///
///     fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
///         let mut held: Held = parse_state(&state)?;
///         // Up to three letters at the end may be the beginning of the word.
///         let pieces = held.feed(pieces, last, |_lane, text, ends| {
///             let text = text.replace("acme", "***");
///             let begun = (1..4).rev().find(|it| !ends && text.ends_with(&"acme"[..*it]));
///             let keep = text.len() - begun.unwrap_or(0);
///             (text[..keep].to_owned(), text[keep..].to_owned())
///         });
///         Ok(StreamVerdict::Pass(Passed { pieces, findings: None, state: write_json(&held) }))
///     }
/// }
///
/// stream_guardrail!(NoAcme);
/// ```
pub trait StreamGuardrail: Guardrail {
    /// Before the first piece; gives the first state. The inspection has no texts.
    ///
    /// # Errors
    /// As [`Guardrail::inspect`].
    fn open(inspection: &Inspection) -> Result<String, Error>;

    /// The next pieces. With `last` everything held back must go.
    ///
    /// # Errors
    /// As [`Guardrail::inspect`]. While something is held back, the stream fails with it.
    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error>;
}

/// Exports a [`Guardrail`] from the component. Does nothing in a native build, so that
/// `cargo test` runs the crate's tests on the machine it is built on.
#[macro_export]
macro_rules! guardrail {
    ($guardrail:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Export;
            $crate::implement_guardrail!(Export, $guardrail);
    $crate::worlds::guardrail::export_world!(Export with_types_in $crate::bindings);
        };
    };
}

/// Exports a [`StreamGuardrail`], for whole answers and for streams. Does nothing in a native
/// build.
#[macro_export]
macro_rules! stream_guardrail {
    ($guardrail:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Export;
            $crate::implement_guardrail!(Export, $guardrail);

            impl $crate::bindings::exports::sluice::plugin::guardrail_stream::Guest for Export {
                fn open(inspection: $crate::Inspection) -> Result<String, $crate::Error> {
                    <$guardrail as $crate::StreamGuardrail>::open(&inspection)
                }

                fn feed(
                    state: String,
                    pieces: Vec<$crate::Piece>,
                    last: bool,
                ) -> Result<$crate::StreamVerdict, $crate::Error> {
                    <$guardrail as $crate::StreamGuardrail>::feed(state, pieces, last)
                }
            }

    $crate::worlds::guardrail_stream::export_world!(Export with_types_in $crate::bindings);
        };
    };
}

/// The part that both exports share.
#[doc(hidden)]
#[macro_export]
macro_rules! implement_guardrail {
    ($export:ident, $guardrail:ty) => {
        impl $crate::bindings::exports::sluice::plugin::plugin::Guest for $export {
            fn describe() -> String {
                <$guardrail as $crate::Guardrail>::describe()
            }
        }

        impl $crate::bindings::exports::sluice::plugin::guardrail::Guest for $export {
            fn inspect(inspection: $crate::Inspection) -> Result<$crate::Decision, $crate::Error> {
                <$guardrail as $crate::Guardrail>::inspect(&inspection)
            }
        }
    };
}
