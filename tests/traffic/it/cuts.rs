//! A stream of each dialect, cut anywhere: the pieces in which bytes arrive change nothing.

use std::sync::LazyLock;

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use sluice_fixture::{Chunking, Fixture};
use sluice_sdk::testing::Outcome;

use crate::components::{self, Component};
use crate::play::cast;
use crate::recordings::Recording;
use crate::{recordings, text};

/// The plugins that translate streams, a dialect each.
const DIALECTS: [&str; 6] = [
    "anthropic",
    "bedrock",
    "cohere",
    "gemini",
    "ollama",
    "openai_compatible",
];

/// Longer ones have nothing that shorter ones have not, and take long byte by byte.
const MOST_BYTES: usize = 40_000;

type Replay = fn(&Fixture, Chunking) -> Result<Outcome, String>;

/// The plugin, a stream of many events, and what it comes to in one piece.
type Stream = (&'static str, Replay, Fixture, Outcome);

/// Of each dialect the one with most events, with and without a tool's call.
static STREAMS: LazyLock<Vec<Stream>> = LazyLock::new(|| {
    let components = components::all();
    let recordings = recordings::all();
    let of = |name| [false, true].map(|calls| most(name, calls, &components, &recordings));
    DIALECTS.into_iter().flat_map(of).collect()
});

fn most(
    name: &'static str,
    calls: bool,
    components: &[Component],
    recordings: &[Recording],
) -> Stream {
    let mut found: Option<Stream> = None;
    let streams = recordings.iter().filter(|it| it.endpoint == "chat-stream");
    for recording in streams.filter(|it| it.status() == 200) {
        let Ok(cast) = cast(components, recording) else {
            continue;
        };
        let bytes = cast.fixture.exchanges[0].reply.bytes().len();
        if text(&cast.component.document, "name") != name || bytes > MOST_BYTES {
            continue;
        }
        let replay = cast.component.replay_at;
        let whole = replay(&cast.fixture, Chunking::Whole).unwrap();
        let fewer = |it: &Stream| it.3.events.len() < whole.events.len();
        let called = format!("{:?}", whole.events).contains("tool_calls");
        let fits = whole.error.is_none() && called == calls;
        if fits && found.as_ref().is_none_or(fewer) {
            found = Some((name, replay, cast.fixture, whole));
        }
    }
    assert!(found.is_some(), "no stream of {name}, tools: {calls}");
    found.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stream_cut_anywhere_comes_to_the_same_events(seed: u64) {
        for (name, replay, fixture, whole) in STREAMS.iter() {
            let cut = replay(fixture, Chunking::Random(seed)).unwrap();
            prop_assert!(whole.events.len() > 1, "{}: {} events", name, whole.events.len());
            prop_assert_eq!(&cut.events, &whole.events, "{}", name);
            prop_assert_eq!(&cut.usage, &whole.usage, "{}", name);
            prop_assert!(cut.error.is_none(), "{}: {:?}", name, cut.error);
        }
    }
}
