//! What replicas tell each other beside the calls: how deployments are doing, what of the limits was
//! used without the common count, and that something is wanted back or has changed.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Pipeline;
use super::accounting::now_ms;
use crate::limits::{LimitType, Scope};
use crate::router::Counted;
use crate::shared::{Doing, EXCHANGE_EVERY, HOLD, Shared, Word};

/// How often what is owed to the common count is told.
const OWED_EVERY: Duration = Duration::from_millis(250);
/// Tellings between two renewals of places: five renewals within [`HOLD`], so that a late one or two
/// cost none.
const RENEWS_AFTER: u32 = 8;
const _: () = assert!(OWED_EVERY.as_millis() * 8 * 4 < HOLD.as_millis());

/// Limits that are wanted back and wait to be given. More are dropped: they are asked for again.
const WANTED: usize = 1024;

const MINUTE_MS: i64 = 60_000;

impl Pipeline {
    /// Shares with other replicas until `stop`; `news` is called when the database may have some.
    pub async fn share(self, shared: Shared, news: impl Fn(), stop: CancellationToken) {
        let (wanted, want) = mpsc::channel(WANTED);
        let heard = |word| match word {
            // The sender of the word is not told: whoever waits asks the count again.
            Word::Wanted { scope, limit_type } => drop(wanted.try_send((scope, limit_type))),
            Word::News => news(),
        };
        tokio::join!(
            self.keep_count(stop.clone()),
            self.give_back(want, stop.clone()),
            self.exchange(&shared, stop.clone()),
            shared.tell_news(stop.clone()),
            shared.listen(heard, stop.clone()),
        );
        // What is held and no longer used is free for others at once.
        for _ in 0..2 {
            self.accounting().limiter().upkeep(now_ms(), true).await;
        }
        shared.leave().await;
    }

    async fn keep_count(&self, stop: CancellationToken) {
        let mut ticks = interval(OWED_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0u32;
        while next(&mut ticks, &stop).await {
            count = count.wrapping_add(1);
            let renews = count.is_multiple_of(RENEWS_AFTER);
            let limiter = self.accounting().limiter();
            limiter.upkeep(now_ms(), renews).await;
        }
    }

    async fn give_back(
        &self,
        mut want: mpsc::Receiver<(Scope, LimitType)>,
        stop: CancellationToken,
    ) {
        loop {
            let wanted = tokio::select! {
                () = stop.cancelled() => return,
                wanted = want.recv() => wanted,
            };
            let Some((scope, limit_type)) = wanted else {
                return;
            };
            let limiter = self.accounting().limiter();
            limiter.give_back(&scope, limit_type, now_ms()).await;
        }
    }

    async fn exchange(&self, shared: &Shared, stop: CancellationToken) {
        let mut ticks = interval(EXCHANGE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while next(&mut ticks, &stop).await {
            // While nobody answers, what was heard last stands until its minute ends.
            if let Some(others) = shared.exchange(&self.doing(now_ms())).await {
                self.hear(others, now_ms());
            }
        }
    }

    /// How deployments are doing here, those that there is anything to say of.
    fn doing(&self, now_ms: i64) -> HashMap<String, Doing> {
        let fleet = self.fleet();
        let all = fleet.rosters.all().filter_map(|(deployment, place)| {
            let own = place.standing.own(now_ms);
            let rests = own.rests_until_ms.map(|it| it.saturating_sub(now_ms));
            let doing = Doing {
                minute: now_ms.div_euclid(MINUTE_MS),
                requests: own.requests,
                tokens: own.tokens,
                failures: own.failures,
                under_way: own.under_way,
                rests_ms: rests.unwrap_or(0),
            };
            (own != Counted::default()).then(|| (deployment.id.as_str().to_owned(), doing))
        });
        all.collect()
    }

    fn hear(&self, others: Vec<HashMap<String, Doing>>, now_ms: i64) {
        let mut sums: HashMap<String, Counted> = HashMap::new();
        let minute = now_ms.div_euclid(MINUTE_MS);
        for (id, doing) in others.into_iter().flatten() {
            let sum = sums.entry(id).or_default();
            sum.under_way = sum.under_way.saturating_add(doing.under_way);
            if doing.minute == minute {
                sum.requests = sum.requests.saturating_add(doing.requests);
                sum.tokens = sum.tokens.saturating_add(doing.tokens);
                sum.failures = sum.failures.saturating_add(doing.failures);
            }
            if doing.rests_ms > 0 {
                let until = now_ms.saturating_add(doing.rests_ms);
                sum.rests_until_ms = sum.rests_until_ms.max(Some(until));
            }
        }
        let fleet = self.fleet();
        for (deployment, place) in fleet.rosters.all() {
            let sum = sums.get(deployment.id.as_str());
            let sum = sum.copied().unwrap_or_default();
            place.standing.hear(&sum, now_ms);
        }
    }
}

/// Waits for the next tick. False: it is time to stop.
async fn next(ticks: &mut tokio::time::Interval, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        _ = ticks.tick() => true,
    }
}
