//! Which deployment answers: those ruled out with the reason, then one of the lowest level that is
//! left, by the strategy. Pure: the time and the dice come in.

use std::time::Duration;

use rand::{Rng, RngExt as _};

use super::place::Place;
use super::window::Minute;
use crate::config::Strategy;
use crate::domain::DeploymentId;

/// As many of those ruled out are named in a decision; the rest are counted.
const NAMED: usize = 32;

/// The tag that takes calls without one, and those whose tags no deployment has.
const DEFAULT_TAG: &str = "default";

/// What is asked of the router.
#[derive(Debug, Clone, Default)]
pub struct Ask<'a> {
    pub now_ms: i64,
    /// Deployments that this call has tried in vain.
    pub tried: &'a [DeploymentId],
    /// Those that have no room for it: a budget or a limit is in the way.
    pub full: &'a [DeploymentId],
    /// The lowest and the highest `order` that may be asked; None: the highest there is.
    pub orders: (u32, Option<u32>),
    /// The deployment that this caller was served by before, and shall be again if it can.
    pub prefer: Option<&'a DeploymentId>,
    pub team: Option<&'a str>,
    /// Tags of the request, where `enable_tag_filtering` is set.
    pub tags: Option<&'a [String]>,
    /// `tag_filtering_match_any`: one common tag is enough; else all of the request's are needed.
    pub match_any: bool,
    /// Who calls, as `User-Agent: ...`, for deployments with a `tag_regex`.
    pub agent: Option<&'a str>,
    /// Tokens of the request, where `enable_pre_call_checks` asks whether they fit.
    pub input_tokens: Option<u64>,
    /// Input tokens that the models take, in the order of the places; needed only where
    /// `input_tokens` are given. What the operator says of a deployment comes first.
    pub lengths: &'a [Option<u64>],
    /// Dollars of an input and an output token together, in the order of the places; needed only
    /// for `cost-based-routing`. None: nobody knows.
    pub prices: &'a [Option<f64>],
    /// `enforce_model_rate_limits`.
    pub keep_limits: bool,
    /// How long the result of a health check counts; None: calls do not go by them.
    pub checks_count_for: Option<Duration>,
}

/// Why a deployment was not considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Tried,
    /// It failed lately and rests until then, in milliseconds since 1970.
    Rests {
        until_ms: i64,
    },
    /// A health check found it ill.
    Ill,
    /// It belongs to another team.
    Team,
    /// Its tags are not those of the request.
    Tags,
    /// The request is longer than its model takes.
    TooLong,
    /// Its requests of the minute are used up.
    Requests,
    /// Its tokens of the minute are used up.
    Tokens,
    /// Its budget, its provider's or a limit of its own has no room.
    Full,
    /// No plugin serves it, or its settings are wrong.
    Unready,
    /// A lower `order` is left, or this one's turn is over.
    Order,
}

impl Reason {
    /// For logs, metrics and the answer to "why this deployment".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Rests { .. } => "cooldown",
            Self::Ill => "health_check",
            Self::Team => "team",
            Self::Tags => "tags",
            Self::TooLong => "context_window",
            Self::Requests => "rpm",
            Self::Tokens => "tpm",
            Self::Full => "budget_or_limit",
            Self::Unready => "unready",
            Self::Order => "order",
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Where the chosen one stands in the list. None: all are ruled out.
    pub chosen: Option<usize>,
    /// It was chosen because the caller was there before.
    pub kept: bool,
    /// How many were left to choose among.
    pub eligible: usize,
    /// The first of those ruled out, by their place in the list.
    pub out: Vec<(usize, Reason)>,
    /// Those ruled out that are not named.
    pub more_out: usize,
}

impl Decision {
    fn rule_out(&mut self, at: usize, reason: Reason) {
        if self.out.len() < NAMED {
            self.out.push((at, reason));
        } else {
            self.more_out += 1;
        }
    }

    /// The earliest time at which one of those that rest may be asked again.
    pub fn rests_until(&self) -> Option<i64> {
        let times = self.out.iter().filter_map(|(_, reason)| match reason {
            Reason::Rests { until_ms } => Some(*until_ms),
            _ => None,
        });
        times.min()
    }
}

/// Chooses among the deployments of a group.
pub fn choose(places: &[Place], ask: &Ask<'_>, strategy: Strategy, rng: &mut impl Rng) -> Decision {
    let mut decision = Decision::default();
    let tagged = Tagged::of(places, ask);
    let minute = Minute::of(ask.now_ms);
    let mut level: Vec<(usize, &Place)> = Vec::with_capacity(places.len());
    let (mut lowest, mut highest) = (u32::MAX, 0);
    let mut ill = false;
    for (at, place) in places.iter().enumerate() {
        match ruled_out(at, place, ask, (strategy, minute), &tagged) {
            Some(reason) => {
                ill |= reason == Reason::Ill;
                decision.rule_out(at, reason);
            }
            None => {
                lowest = lowest.min(place.terms.order);
                highest = highest.max(place.terms.order);
                level.push((at, place));
            }
        }
    }
    // Better one that a check found ill than none: the check may be wrong.
    if level.is_empty() && ill {
        let ask = Ask {
            checks_count_for: None,
            ..ask.clone()
        };
        return choose(places, &ask, strategy, rng);
    }
    if lowest < highest {
        level.retain(|(at, place)| {
            let stays = place.terms.order == lowest;
            if !stays {
                decision.rule_out(*at, Reason::Order);
            }
            stays
        });
    }
    decision.eligible = level.len();
    let prefer = ask.prefer;
    let known = prefer.and_then(|id| level.iter().find(|(_, it)| it.id == *id));
    decision.kept = known.is_some();
    decision.chosen = match known {
        Some((at, _)) => Some(*at),
        None => pick(&level, (strategy, minute), ask, rng),
    };
    decision
}

/// Which tags count for this request.
enum Tagged<'a> {
    All,
    Having {
        tags: &'a [String],
        match_any: bool,
        agent: Option<&'a str>,
    },
    /// Only those with the tag `default`.
    Default,
}

impl<'a> Tagged<'a> {
    fn of(places: &[Place], ask: &Ask<'a>) -> Self {
        let Some(tags) = ask.tags else {
            return Self::All;
        };
        let has_default = |it: &&Place| it.terms.tags.iter().any(|tag| tag == DEFAULT_TAG);
        let has_pattern = |it: &Place| !it.terms.tag_patterns.is_empty();
        let agent = ask.agent.filter(|_| places.iter().any(has_pattern));
        if !tags.is_empty() || agent.is_some() {
            let match_any = ask.match_any;
            let found = Self::Having {
                tags,
                match_any,
                agent,
            };
            if places.iter().any(|it| found.takes(it)) {
                return found;
            }
            return Self::Default;
        }
        match places.iter().find(has_default) {
            Some(_) => Self::Default,
            None => Self::All,
        }
    }

    fn takes(&self, place: &Place) -> bool {
        let has = |tag: &str| place.terms.tags.iter().any(|it| it == tag);
        match self {
            Self::All => true,
            Self::Having {
                tags,
                match_any,
                agent,
            } => {
                let by_tag = match match_any {
                    true => tags.iter().any(|it| has(it)),
                    false => !tags.is_empty() && tags.iter().all(|it| has(it)),
                };
                // Where all tags are needed, a caller's name does not stand in for them.
                let may_be_known = *match_any || place.terms.tags.is_empty();
                let known = |agent: &str| {
                    let mut patterns = place.terms.tag_patterns.iter();
                    patterns.any(|it| it.is_in(agent))
                };
                by_tag || (may_be_known && agent.is_some_and(known))
            }
            Self::Default => has(DEFAULT_TAG),
        }
    }
}

fn ruled_out(
    at: usize,
    place: &Place,
    ask: &Ask<'_>,
    (strategy, minute): (Strategy, Minute),
    tagged: &Tagged<'_>,
) -> Option<Reason> {
    let (terms, standing, now) = (&place.terms, &place.standing, ask.now_ms);
    let (least, most) = ask.orders;
    if terms.order < least || most.is_some_and(|most| terms.order > most) {
        return Some(Reason::Order);
    }
    if ask.tried.contains(&place.id) {
        return Some(Reason::Tried);
    }
    if ask.full.contains(&place.id) {
        return Some(Reason::Full);
    }
    if !place.ready {
        return Some(Reason::Unready);
    }
    if terms.team.is_some() && terms.team.as_deref() != ask.team {
        return Some(Reason::Team);
    }
    if !tagged.takes(place) {
        return Some(Reason::Tags);
    }
    let most = || ask.lengths.get(at).copied().flatten();
    let too_long = ask
        .input_tokens
        .map(|tokens| (tokens, terms.max_input_tokens.or_else(most)));
    if too_long.is_some_and(|(tokens, most)| most.is_some_and(|most| tokens > most)) {
        return Some(Reason::TooLong);
    }
    if let Some(until_ms) = standing.rests_until(now) {
        return Some(Reason::Rests { until_ms });
    }
    if ask
        .checks_count_for
        .is_some_and(|it| standing.is_ill(now, it))
    {
        return Some(Reason::Ill);
    }
    if ask.keep_limits || strategy.keeps_limits() {
        if terms
            .rpm
            .is_some_and(|most| standing.requests(minute) >= most)
        {
            return Some(Reason::Requests);
        }
        let wanted = ask.input_tokens.unwrap_or(0);
        let full = |most: u64| standing.tokens(minute).saturating_add(wanted) > most;
        if terms.tpm.is_some_and(full) {
            return Some(Reason::Tokens);
        }
    }
    None
}

fn pick(
    level: &[(usize, &Place)],
    (strategy, minute): (Strategy, Minute),
    ask: &Ask<'_>,
    rng: &mut impl Rng,
) -> Option<usize> {
    let now_ms = ask.now_ms;
    if level.len() < 2 {
        return level.first().map(|(at, _)| *at);
    }
    match strategy {
        Strategy::SimpleShuffle => draw(level, rng),
        Strategy::LeastBusy => lowest(level, 0.0, rng, |_, it| f64::from(it.standing.under_way())),
        Strategy::UsageBased => {
            lowest(level, 0.0, rng, |_, it| precise(it.standing.tokens(minute)))
        }
        Strategy::LatencyBased { buffer, memory } => lowest(level, buffer, rng, |_, it| {
            it.standing.mean_latency(now_ms, memory)
        }),
        Strategy::CostBased => lowest(level, 0.0, rng, |at, _| {
            let price = ask.prices.get(at).copied().flatten();
            price.unwrap_or(f64::INFINITY)
        }),
        Strategy::P2cEwma => better_of_two(level, now_ms, rng),
    }
}

/// Drawn by weight; where all weights are zero, each alike.
fn draw(level: &[(usize, &Place)], rng: &mut impl Rng) -> Option<usize> {
    let weight = |it: &Place| it.terms.weight.max(0.0);
    let total: f64 = level.iter().map(|(_, it)| weight(it)).sum();
    if total <= 0.0 || !total.is_finite() {
        return level.get(rng.random_range(0..level.len())).map(|it| it.0);
    }
    let mut left = rng.random_range(0.0..total);
    for (at, place) in level {
        if left < weight(place) {
            return Some(*at);
        }
        left -= weight(place);
    }
    level.last().map(|it| it.0)
}

/// One of those with the lowest value, or within `buffer` above it as a share.
fn lowest(
    level: &[(usize, &Place)],
    buffer: f64,
    rng: &mut impl Rng,
    value: impl Fn(usize, &Place) -> f64,
) -> Option<usize> {
    let values: Vec<f64> = level.iter().map(|(at, it)| value(*at, it)).collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = least * (1.0 + buffer.max(0.0));
    let near = |it: &f64| *it <= most || *it <= least;
    let count = values.iter().filter(|it| near(it)).count();
    let drawn = rng.random_range(0..count.max(1));
    let mut found = level.iter().zip(&values).filter(|(_, value)| near(value));
    found.nth(drawn).map(|((at, _), _)| *at)
}

/// Two are drawn, and the one with the lower latency times calls under way is chosen. One that
/// nobody has tried yet has no latency, and goes first.
fn better_of_two(level: &[(usize, &Place)], now_ms: i64, rng: &mut impl Rng) -> Option<usize> {
    let one = rng.random_range(0..level.len());
    let step = rng.random_range(1..level.len());
    let other = (one + step) % level.len();
    let load = |at: usize| {
        let (_, place) = level.get(at)?;
        let waiting = f64::from(place.standing.under_way()) + 1.0;
        Some(place.standing.peak_latency(now_ms) * waiting)
    };
    let better = match (load(one), load(other)) {
        (Some(a), Some(b)) if b < a => other,
        // Where nothing is known yet, the emptier one.
        (Some(a), Some(b)) if a == b => {
            let busy = |at: usize| level.get(at).map(|it| it.1.standing.under_way());
            if busy(other) < busy(one) { other } else { one }
        }
        _ => one,
    };
    level.get(better).map(|it| it.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "tokens of a minute are compared, not summed"
)]
fn precise(count: u64) -> f64 {
    count as f64
}
