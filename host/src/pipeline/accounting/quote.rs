//! What a call will cost at most, before anyone knows (one search, if it may search): for its reservation, and for streams while
//! they run.

use std::sync::Arc;

use crate::budget::Quote;
use crate::domain::Usage;
use crate::prices::Entry;

use super::super::request::{ClientRequest, Operation};
use super::wishes::Wishes;

/// Bytes of text to a token, few enough that the guess is rather too high.
const BYTES_PER_TOKEN: u64 = 3;

/// Bytes of a body that count as text; what is longer is mostly media, whose tokens are few.
const MAX_TEXT: u64 = 1 << 20;

/// Input tokens of a request, guessed.
pub fn input_tokens(request: &ClientRequest) -> u64 {
    tokens_of(request.body.text())
}

/// Input tokens of a request's body, guessed.
pub fn tokens_of(body: &str) -> u64 {
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    bytes.min(MAX_TEXT).div_ceil(BYTES_PER_TOKEN)
}

/// The highest quote of these prices; None if one of them is unknown, or there is none.
pub fn quote(
    request: &ClientRequest,
    wishes: &Wishes,
    prices: &[Option<Arc<Entry>>],
) -> Option<Quote> {
    let input_tokens = input_tokens(request);
    let input = Usage {
        input_tokens,
        web_searches: u64::from(wishes.searches()),
        ..Usage::default()
    };
    let quotes = prices.iter().map(|entry| {
        let entry = entry.as_ref()?;
        let model_most = entry.max_output_tokens;
        let asked = request.controls.max_output_tokens;
        let most = match (asked, model_most) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        };
        let copies = request.controls.choices.max(1);
        // A session has as many answers as are asked for.
        let most = most.filter(|_| request.operation != Operation::Realtime);
        Some(Quote {
            input: entry.upper_bound(&input, None, 0)?,
            output_token: entry.estimate(0, 1).unwrap_or_default(),
            max_output_tokens: most.map(|it| it.saturating_mul(copies)),
            streams: request.controls.stream,
        })
    });
    let mut highest: Option<Quote> = None;
    for quote in quotes {
        let quote = quote?;
        let amount = |it: &Quote| it.opening(crate::budget::DEFAULT_SLICE_TOKENS);
        if highest
            .as_ref()
            .is_none_or(|it| amount(&quote) > amount(it))
        {
            highest = Some(quote);
        }
    }
    highest
}
