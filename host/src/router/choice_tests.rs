use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::choice::*;
use super::place::{Place, Terms};
use super::standing::{Landed, Standing};
use crate::config::{Strategy, TagPattern};
use crate::domain::DeploymentId;

fn place(id: usize, terms: Terms) -> Place {
    Place {
        id: DeploymentId::new(format!("d{id}")),
        terms,
        standing: Arc::new(Standing::default()),
        cooling: Arc::default(),
        ready: true,
    }
}

fn places(count: usize) -> Vec<Place> {
    (0..count).map(|id| place(id, Terms::default())).collect()
}

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn share(places: &[Place], strategy: Strategy, which: usize) -> usize {
    share_of(places, &Ask::default(), strategy, which)
}

/// Of 4000 choices, how many fall on this one.
fn share_of(places: &[Place], ask: &Ask<'_>, strategy: Strategy, which: usize) -> usize {
    let mut dice = rng(7);
    let chosen = (0..4000).map(|_| choose(places, ask, strategy, &mut dice).chosen);
    chosen.filter(|it| *it == Some(which)).count()
}

fn answered(place: &Place, seconds: f64, tokens: u64) {
    let landed = Landed {
        latency: Duration::from_secs_f64(seconds),
        output_tokens: tokens,
        ..Landed::default()
    };
    place.standing.begin(0).landed(&landed, 0);
}

#[test]
fn weights_decide_how_often_a_deployment_is_chosen() {
    let mut all = places(2);
    all[0].terms.weight = 3.0;
    let first = share(&all, Strategy::SimpleShuffle, 0);
    assert!((2850..3150).contains(&first), "{first}");
    all[0].terms.weight = 0.0;
    assert_eq!(share(&all, Strategy::SimpleShuffle, 0), 0);
    all[1].terms.weight = 0.0;
    let first = share(&all, Strategy::SimpleShuffle, 0);
    assert!((1800..2200).contains(&first), "{first}");
}

#[test]
fn weights_hold_among_those_that_are_left_after_one_was_tried() {
    let mut all = places(3);
    for (place, weight) in all.iter_mut().zip([6.0, 3.0, 1.0]) {
        place.terms.weight = weight;
    }
    let tried = [all[0].id.clone()];
    let ask = Ask {
        tried: &tried,
        ..Ask::default()
    };
    let shares = [0, 1, 2].map(|it| share_of(&all, &ask, Strategy::SimpleShuffle, it));
    assert_eq!(shares[0], 0);
    assert!((2850..3150).contains(&shares[1]), "{shares:?}");
    assert_eq!(shares[1] + shares[2], 4000);
}

#[test]
fn a_higher_order_is_chosen_when_the_lower_one_is_out() {
    let mut all = places(2);
    all[0].terms.order = 2;
    all[1].terms.order = 1;
    let decision = choose(&all, &Ask::default(), Strategy::SimpleShuffle, &mut rng(1));
    assert_eq!(
        (decision.chosen, decision.out),
        (Some(1), vec![(0, Reason::Order)])
    );
    all[1].standing.rest_until(10);
    let decision = choose(&all, &Ask::default(), Strategy::SimpleShuffle, &mut rng(1));
    assert_eq!(decision.chosen, Some(0));
    assert_eq!(decision.rests_until(), Some(10));
}

#[test]
fn the_least_busy_is_the_one_with_the_fewest_calls_under_way() {
    let all = places(3);
    let busy = [0, 0, 1].map(|at: usize| all[at].standing.begin(0));
    assert_eq!(share(&all, Strategy::LeastBusy, 2), 4000);
    drop(busy);
    assert!(share(&all, Strategy::LeastBusy, 0) > 1000);
}

#[test]
fn usage_goes_to_the_fewest_tokens_and_never_over_a_limit() {
    let mut all = places(3);
    answered(&all[0], 1.0, 500);
    answered(&all[1], 1.0, 100);
    answered(&all[2], 1.0, 10);
    all[2].terms.rpm = Some(1);
    let decision = choose(&all, &Ask::default(), Strategy::UsageBased, &mut rng(1));
    assert_eq!(
        (decision.chosen, decision.out),
        (Some(1), vec![(2, Reason::Requests)])
    );
    all[1].terms.tpm = Some(150);
    let ask = Ask {
        input_tokens: Some(51),
        ..Ask::default()
    };
    let decision = choose(&all, &ask, Strategy::UsageBased, &mut rng(1));
    assert_eq!(decision.chosen, Some(0));
    assert!(decision.out.contains(&(1, Reason::Tokens)));
}

#[test]
fn limits_are_weights_only_for_a_shuffle_unless_they_are_to_be_kept() {
    let mut all = places(1);
    all[0].terms.rpm = Some(1);
    answered(&all[0], 1.0, 1);
    let strategy = Strategy::SimpleShuffle;
    assert_eq!(
        choose(&all, &Ask::default(), strategy, &mut rng(1)).chosen,
        Some(0)
    );
    let ask = Ask {
        keep_limits: true,
        ..Ask::default()
    };
    assert_eq!(choose(&all, &ask, strategy, &mut rng(1)).chosen, None);
}

const fn latency(buffer: f64) -> Strategy {
    Strategy::LatencyBased {
        buffer,
        memory: Duration::from_secs(60),
    }
}

#[test]
fn the_unknown_latency_is_tried_first_then_the_lowest_or_those_within_the_buffer() {
    let all = places(3);
    answered(&all[0], 1.0, 1);
    answered(&all[1], 1.05, 1);
    let tight = latency(0.0);
    assert_eq!(share(&all, tight, 2), 4000);
    answered(&all[2], 2.0, 1);
    assert_eq!(share(&all, tight, 0), 4000);
    let loose = latency(0.1);
    let (one, two) = (share(&all, loose, 0), share(&all, loose, 1));
    assert!(one > 1800 && two > 1800 && one + two == 4000, "{one} {two}");
}

#[test]
fn the_cheapest_is_chosen_and_an_unknown_price_is_the_last_resort() {
    let all = places(3);
    let ask = |prices| Ask {
        prices,
        ..Ask::default()
    };
    let known = ask(&[None, Some(2e-6), Some(1e-6)]);
    assert_eq!(share_of(&all, &known, Strategy::CostBased, 2), 4000);
    assert!(share_of(&all, &ask(&[None; 3]), Strategy::CostBased, 0) > 1000);
}

#[test]
fn of_two_that_are_drawn_the_faster_one_wins_and_a_stalled_one_gets_nothing() {
    let all = places(3);
    answered(&all[0], 0.1, 1);
    answered(&all[1], 0.1, 1);
    answered(&all[2], 5.0, 1);
    assert_eq!(share(&all, Strategy::P2cEwma, 2), 0);
    let waiting: Vec<_> = (0..200).map(|_| all[0].standing.begin(0)).collect();
    assert!(share(&all, Strategy::P2cEwma, 1) > share(&all, Strategy::P2cEwma, 0));
    drop(waiting);
}

#[test]
fn tags_go_to_those_who_have_them_else_to_the_default() {
    let mut all = places(3);
    all[0].terms.tags = vec!["paid".into(), "eu".into()].into();
    all[1].terms.tags = vec!["default".into()].into();
    let of = |tags: &[&str], match_any: bool| {
        let tags: Vec<String> = tags.iter().map(|it| (*it).to_owned()).collect();
        let ask = Ask {
            tags: Some(&tags),
            match_any,
            ..Ask::default()
        };
        choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3)).chosen
    };
    assert_eq!(of(&["paid"], true), Some(0));
    assert_eq!(of(&["paid", "us"], true), Some(0));
    assert_eq!(of(&["paid", "us"], false), Some(1));
    assert_eq!(of(&["nobody"], true), Some(1));
    assert_eq!(of(&[], true), Some(1));
}

#[test]
fn who_calls_chooses_where_a_deployment_has_a_pattern_for_it() {
    let mut all = places(3);
    let pattern = TagPattern::new("^User-Agent: claude-cli/").unwrap();
    all[0].terms.tag_patterns = vec![pattern].into();
    all[1].terms.tags = vec!["paid".into()].into();
    let of = |all: &[Place], tags: &[&str], agent: &str, match_any: bool| {
        let tags: Vec<String> = tags.iter().map(|it| (*it).to_owned()).collect();
        let ask = Ask {
            tags: Some(&tags),
            match_any,
            agent: Some(agent),
            ..Ask::default()
        };
        choose(all, &ask, Strategy::SimpleShuffle, &mut rng(3)).chosen
    };
    let cli = "User-Agent: claude-cli/2.1";
    assert_eq!(of(&all, &[], cli, true), Some(0));
    assert_eq!(of(&all, &["paid"], "User-Agent: curl", true), Some(1));
    assert_eq!(of(&all, &[], "User-Agent: curl", true), None);
    all[2].terms.tags = vec!["default".into()].into();
    assert_eq!(of(&all, &[], "User-Agent: curl", true), Some(2));
    // Where all tags are needed, a caller's name does not stand in for them.
    all[0].terms.tags = vec!["eu".into()].into();
    assert_eq!(of(&all, &["us"], cli, true), Some(0));
    assert_eq!(of(&all, &["us"], cli, false), Some(2));
}

#[test]
fn without_a_default_an_unmatched_tag_is_served_by_nobody_and_an_untagged_call_by_all() {
    let mut all = places(2);
    all[0].terms.tags = vec!["paid".into()].into();
    let nobody = ["free".to_owned()];
    let ask = Ask {
        tags: Some(&nobody),
        match_any: true,
        ..Ask::default()
    };
    let decision = choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3));
    assert_eq!(decision.chosen, None);
    assert_eq!(decision.out, [(0, Reason::Tags), (1, Reason::Tags)]);
    let ask = Ask {
        tags: Some(&[]),
        ..Ask::default()
    };
    assert_eq!(
        choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3)).eligible,
        2
    );
}

#[test]
fn another_team_and_a_prompt_that_is_too_long_are_ruled_out() {
    let mut all = places(3);
    all[0].terms.team = Some("red".into());
    all[1].terms.max_input_tokens = Some(100);
    let ask = Ask {
        team: Some("blue"),
        input_tokens: Some(101),
        lengths: &[None, Some(1000), None],
        ..Ask::default()
    };
    let decision = choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3));
    assert_eq!(decision.chosen, Some(2));
    assert_eq!(decision.out, [(0, Reason::Team), (1, Reason::TooLong)]);
    let ask = Ask {
        team: Some("red"),
        input_tokens: Some(100),
        ..Ask::default()
    };
    assert_eq!(
        choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3)).eligible,
        3
    );
}

#[test]
fn a_caller_stays_where_it_was_while_that_is_fit() {
    let all = places(3);
    let ask = Ask {
        prefer: Some(&all[1].id),
        ..Ask::default()
    };
    for seed in 0..20 {
        let decision = choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(seed));
        assert_eq!((decision.chosen, decision.kept), (Some(1), true));
    }
    all[1].standing.rest_until(1);
    let decision = choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(1));
    assert!(decision.chosen != Some(1) && !decision.kept);
}

#[test]
fn those_without_room_and_those_that_nothing_serves_are_passed_over() {
    let mut all = places(3);
    all[1].ready = false;
    let full = [all[0].id.clone()];
    let ask = Ask {
        full: &full,
        ..Ask::default()
    };
    let decision = choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3));
    assert_eq!(decision.chosen, Some(2));
    assert_eq!(decision.out, [(0, Reason::Full), (1, Reason::Unready)]);
}

#[test]
fn only_the_orders_whose_turn_it_is_are_asked() {
    let mut all = places(3);
    for (order, place) in all.iter_mut().enumerate() {
        place.terms.order = u32::try_from(order).unwrap();
    }
    let chosen = |orders| {
        let ask = Ask {
            orders,
            ..Ask::default()
        };
        choose(&all, &ask, Strategy::SimpleShuffle, &mut rng(3)).chosen
    };
    assert_eq!(chosen((0, None)), Some(0));
    assert_eq!(chosen((1, None)), Some(1));
    assert_eq!(chosen((2, Some(2))), Some(2));
    assert_eq!(chosen((3, None)), None);
}

#[test]
fn of_very_many_ruled_out_the_first_are_named_and_the_rest_counted() {
    let all = places(1000);
    for place in &all {
        place.standing.rest_until(5);
    }
    let decision = choose(&all, &Ask::default(), Strategy::LeastBusy, &mut rng(1));
    assert_eq!(
        (decision.chosen, decision.out.len(), decision.more_out),
        (None, 32, 968)
    );
}

fn any_terms() -> impl proptest::strategy::Strategy<Value = (Terms, bool, u32)> {
    let terms = (0u32..3, 0.0f64..4.0, proptest::option::of(0u64..4));
    (terms, any::<bool>(), 0u32..3).prop_map(|((order, weight, rpm), rests, busy)| {
        let terms = Terms {
            order,
            weight,
            rpm,
            ..Terms::default()
        };
        (terms, rests, busy)
    })
}

fn any_strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    let named = proptest::sample::select(Strategy::NAMES.to_vec());
    named.prop_map(|name| Strategy::named(name).unwrap())
}

proptest! {
    /// Whatever the strategy: who is chosen is fit and of the lowest order that has a fit one;
    /// someone is chosen if anyone is fit; and each deployment is either left or ruled out.
    #[test]
    fn the_chosen_one_is_fit_and_of_the_lowest_order(
        all in proptest::collection::vec(any_terms(), 0..12), strategy in any_strategy(), seed: u64,
    ) {
        let mut flights = Vec::new();
        let all: Vec<Place> = all.into_iter().enumerate().map(|(id, (terms, rests, busy))| {
            let place = place(id, terms);
            flights.extend((0..busy).map(|_| place.standing.begin(0)));
            if rests { place.standing.rest_until(9); }
            place
        }).collect();
        let decision = choose(&all, &Ask::default(), strategy, &mut rng(seed));
        prop_assert_eq!(decision.eligible + decision.out.len(), all.len());
        let unfit = |at: usize| decision.out.iter().any(|(it, why)| *it == at && *why != Reason::Order);
        let fit: Vec<u32> = (0..all.len()).filter(|at| !unfit(*at)).map(|at| all[at].terms.order).collect();
        let chosen = decision.chosen.map(|at| (all[at].terms.order, unfit(at)));
        prop_assert_eq!(chosen, fit.iter().min().map(|order| (*order, false)));
    }
}

#[test]
fn one_that_a_check_found_ill_is_passed_over_unless_nobody_else_is_left() {
    let all = places(2);
    all[0].standing.found_ill(1_000);
    let ask = |counts_for: Option<u64>| Ask {
        now_ms: 2_000,
        checks_count_for: counts_for.map(Duration::from_secs),
        ..Ask::default()
    };
    let choose = |ask: &Ask<'_>| choose(&all, ask, Strategy::SimpleShuffle, &mut rng(1));
    let decision = choose(&ask(Some(10)));
    assert_eq!(decision.chosen, Some(1));
    assert_eq!(decision.out, [(0, Reason::Ill)]);
    all[1].standing.found_ill(1_500);
    let both = choose(&ask(Some(10)));
    assert!(both.chosen.is_some() && both.out.is_empty());
    // Where calls do not go by checks, they are as they were.
    assert!(share_of(&all, &ask(None), Strategy::SimpleShuffle, 0) > 0);
}
