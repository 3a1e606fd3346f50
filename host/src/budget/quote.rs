//! How much of the budget a call holds, before anyone knows what it costs.

use crate::domain::Usd;

/// Output tokens that a stream holds at a time. Small, because it bounds what a call may spend
/// beyond its budget, and because asking for more costs under a microsecond.
pub const DEFAULT_SLICE_TOKENS: u64 = 256;

/// What a call will cost, as far as its prices and parameters tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// For the input as it was counted, and what is charged per call.
    pub input: Usd,
    /// For one output token, at the highest price that may apply.
    pub output_token: Usd,
    /// The smaller of the request's `max_tokens` and the model's maximum. None: neither is known.
    pub max_output_tokens: Option<u64>,
    pub streams: bool,
}

impl Quote {
    /// What the call holds before it begins: its input and one slice of output if it streams, its
    /// input and all its output if not. Of a call that does not stream and has no known maximum,
    /// one slice: nothing better is known.
    pub fn opening(&self, slice_tokens: u64) -> Usd {
        let tokens = match (self.streams, self.max_output_tokens) {
            (true, Some(most)) => most.min(slice_tokens),
            (false, Some(most)) => most,
            (_, None) => slice_tokens,
        };
        self.input + self.output_token.saturating_mul(tokens)
    }

    /// How a stream of this call goes on holding.
    pub fn portion(&self, slice_tokens: u64) -> Portion {
        let output = |tokens| self.output_token.saturating_mul(tokens);
        Portion {
            slice: output(slice_tokens),
            most: self.max_output_tokens.map(|most| self.input + output(most)),
        }
    }
}

/// What a stream holds at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    pub slice: Usd,
    /// What the whole call can cost, earlier attempts included: no more is held. None: unknown.
    pub most: Option<Usd>,
}

impl Portion {
    /// What a stream would hold that has cost `so_far` and held `held`, if a budget had to give it.
    pub fn would_hold(&self, held: Usd, so_far: Usd) -> Usd {
        let half = Usd::from_pico(self.slice.pico() / 2);
        if held - so_far > half {
            return held;
        }
        let wanted = so_far + self.slice;
        let most = self.most.filter(|most| so_far <= *most);
        held.max(most.map_or(wanted, |most| wanted.min(most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTE: Quote = Quote {
        input: Usd::from_pico(1000),
        output_token: Usd::from_pico(10),
        max_output_tokens: Some(4096),
        streams: true,
    };

    #[test]
    fn a_stream_holds_a_slice_and_any_other_call_its_whole_output() {
        let whole = Quote {
            streams: false,
            ..QUOTE
        };
        assert_eq!(QUOTE.opening(256).pico(), 1000 + 2560);
        assert_eq!(whole.opening(256).pico(), 1000 + 40_960);
        let portion = Portion {
            slice: Usd::from_pico(2560),
            most: Some(Usd::from_pico(1000 + 40_960)),
        };
        assert_eq!(QUOTE.portion(256), portion);
    }

    #[test]
    fn a_short_stream_holds_no_more_than_it_can_use() {
        let short = Quote {
            max_output_tokens: Some(5),
            ..QUOTE
        };
        assert_eq!(short.opening(256).pico(), 1050);
    }

    #[test]
    fn a_call_without_a_known_maximum_holds_a_slice() {
        for streams in [true, false] {
            let open = Quote {
                max_output_tokens: None,
                streams,
                ..QUOTE
            };
            assert_eq!(open.opening(256).pico(), 3560);
        }
    }

    #[test]
    fn a_stream_that_no_budget_bounds_is_followed_in_slices_up_to_its_most() {
        let portion = QUOTE.portion(256);
        let opening = QUOTE.opening(256);
        let at = |tokens: i128| Usd::from_pico(1000 + 10 * tokens);
        assert_eq!(portion.would_hold(opening, at(127)), opening);
        assert_eq!(portion.would_hold(opening, at(128)), at(128 + 256));
        assert_eq!(portion.would_hold(at(4000), at(4000)), at(4096));
        assert_eq!(portion.would_hold(at(4096), at(4090)), at(4096));
        // It was counted wrong, and has no known end.
        assert_eq!(portion.would_hold(at(4096), at(5000)), at(5256));
    }

    #[test]
    fn no_number_overflows() {
        let endless = Quote {
            output_token: Usd::from_pico(i128::MAX),
            max_output_tokens: Some(u64::MAX),
            streams: false,
            ..QUOTE
        };
        assert_eq!(endless.opening(u64::MAX).pico(), i128::MAX);
    }
}
