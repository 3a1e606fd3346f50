//! Lanes and their workers, in paused time; the carrier does what it is told.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counts::Counts;
use super::lane::{Lane, Tale};
use super::worker::{self, Carry, Failed, Next};
use crate::config::CallbackDelivery;
use crate::domain::Fault;

struct Word(String, usize);

impl Tale for Word {
    fn bytes(&self) -> usize {
        self.1
    }

    fn tell(&self, _: bool) -> BoxFuture<'_, String> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

/// What it is to do next; beyond that it takes everything.
#[derive(Default)]
struct Log {
    plan: Mutex<VecDeque<Failed>>,
    /// Never takes a batch with it.
    poison: Option<(&'static str, Next)>,
    /// When what was handed over.
    seen: Mutex<Vec<(Duration, Vec<String>)>>,
    taken: Mutex<Vec<String>>,
    started: Option<Instant>,
    hangs: bool,
}

impl Carry for Log {
    fn carry<'a>(
        &'a self,
        _: &'a Lane,
        records: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failed>> {
        Box::pin(async move {
            let at = self.started.unwrap().elapsed();
            self.seen.lock().unwrap().push((at, records.to_vec()));
            if self.hangs {
                std::future::pending::<()>().await;
            }
            if let Some(failed) = self.plan.lock().unwrap().pop_front() {
                return Err(failed);
            }
            if let Some((word, next)) = self.poison
                && records.iter().any(|it| it == word)
            {
                return Err(failed(next, None));
            }
            self.taken.lock().unwrap().extend(records.to_vec());
            Ok(())
        })
    }
}

fn failed(next: Next, after: Option<u64>) -> Failed {
    Failed {
        next,
        after: after.map(Duration::from_secs),
        why: "no".to_owned(),
    }
}

struct Rig {
    lane: Arc<Lane>,
    log: Arc<Log>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Rig {
    fn start(delivery: CallbackDelivery, log: Log) -> Self {
        let nobody = Err(Fault::ours("nobody", "nobody"));
        let counts = Arc::<Counts>::default();
        let lane = Arc::new(Lane::new(("a", "operator"), nobody, delivery, counts));
        let log = Arc::new(Log {
            started: Some(Instant::now()),
            ..log
        });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let carrier: Arc<dyn Carry> = Arc::clone(&log) as _;
        tasks.spawn(worker::run(Arc::clone(&lane), carrier, stop.clone()));
        tasks.close();
        Self {
            lane,
            log,
            stop,
            tasks,
        }
    }

    fn push(&self, words: &[&str]) {
        for word in words {
            self.lane.push(Arc::new(Word((*word).to_owned(), 10)));
        }
    }

    /// What is left is brought; then everything that was handed over, and when.
    async fn end(self) -> (Vec<(Duration, Vec<String>)>, Vec<String>, [u64; 4]) {
        self.stop.cancel();
        let ended = timeout(Duration::from_secs(600), self.tasks.wait()).await;
        assert!(ended.is_ok(), "the worker does not end");
        let counts = self.lane.counts.outcomes().map(|(_, count)| count);
        let seen = self.log.seen.lock().unwrap().clone();
        let taken = self.log.taken.lock().unwrap().clone();
        (seen, taken, counts)
    }
}

fn delivery(batch: usize) -> CallbackDelivery {
    CallbackDelivery {
        batch,
        ..CallbackDelivery::default()
    }
}

fn sizes(seen: &[(Duration, Vec<String>)]) -> Vec<(u64, usize)> {
    let of = |(at, batch): &(Duration, Vec<String>)| (at.as_secs(), batch.len());
    seen.iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_when_it_is_full_or_its_oldest_has_waited() {
    let rig = Rig::start(delivery(3), Log::default());
    rig.push(&["a", "b", "c", "d"]);
    tokio::time::sleep(Duration::from_secs(4)).await;
    rig.push(&["e"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.push(&["f"]);
    let (seen, taken, _) = rig.end().await;
    assert_eq!(sizes(&seen), [(0, 3), (5, 2), (6, 1)]);
    assert_eq!(taken, ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_taken_is_tried_again_ever_later_and_nothing_overtakes_it() {
    let plan = (0..4).map(|_| failed(Next::Again, None)).collect();
    let log = Log {
        plan: Mutex::new(plan),
        ..Log::default()
    };
    let rig = Rig::start(delivery(2), log);
    rig.push(&["a", "b", "c", "d"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (seen, taken, counts) = rig.end().await;
    assert_eq!(taken, ["a", "b", "c", "d"]);
    let pauses: Vec<f64> = seen
        .windows(2)
        .map(|it| (it[1].0 - it[0].0).as_secs_f64())
        .collect();
    for (pause, usual) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!(
            (usual * 0.75..usual * 1.25 + 0.01).contains(pause),
            "{pauses:?}"
        );
    }
    assert_eq!(counts, [4, 0, 0, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_asks_to_wait_is_waited_for() {
    let log = Log {
        plan: Mutex::new(
            [
                failed(Next::Again, Some(30)),
                failed(Next::Again, Some(9_999)),
            ]
            .into(),
        ),
        ..Log::default()
    };
    let rig = Rig::start(delivery(1), log);
    rig.push(&["a"]);
    tokio::time::sleep(Duration::from_secs(400)).await;
    let (seen, ..) = rig.end().await;
    assert_eq!(sizes(&seen), [(0, 1), (30, 1), (330, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_never_taken_costs_no_other() {
    for next in [Next::Never, Next::Broke] {
        let log = Log {
            poison: Some(("c", next)),
            ..Log::default()
        };
        let rig = Rig::start(delivery(5), log);
        rig.push(&["a", "b", "c", "d", "e"]);
        tokio::time::sleep(Duration::from_secs(120)).await;
        let (seen, taken, [delivered, failed, dropped, _]) = rig.end().await;
        assert_eq!(taken, ["a", "b", "d", "e"]);
        assert_eq!((delivered, failed, dropped), (4, 1, 0));
        let alone = seen.iter().filter(|(_, batch)| *batch == ["c"]).count();
        assert_eq!(alone, if next == Next::Broke { 3 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_pushes_out_the_oldest_and_is_counted() {
    let log = Log {
        hangs: true,
        ..Log::default()
    };
    let small = CallbackDelivery {
        queue_records: 3,
        queue_bytes: 25,
        ..delivery(1)
    };
    let rig = Rig::start(small, log);
    rig.push(&["a"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.push(&["b", "c", "d", "e"]);
    assert_eq!(rig.lane.held(), (3, 20));
    assert_eq!(rig.lane.counts.dropped.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_given_up_after_its_time_and_at_the_end_each_is_tried_once_more() {
    let plan = || (0..100).map(|_| failed(Next::Again, None)).collect();
    let log = Log {
        plan: Mutex::new(plan()),
        ..Log::default()
    };
    let short = CallbackDelivery {
        patience: Duration::from_secs(10),
        ..delivery(1)
    };
    let rig = Rig::start(short, log);
    rig.push(&["a"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.lane.counts.failed.load(Ordering::Relaxed), 1);
    rig.push(&["b", "c"]);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let stopped = rig.log.started.unwrap().elapsed();
    let (seen, taken, [_, failed, dropped, _]) = rig.end().await;
    assert_eq!((taken.len(), failed, dropped), (0, 1, 2));
    let last = seen.iter().filter(|(at, _)| *at >= stopped);
    let last: Vec<_> = last.map(|(_, batch)| batch[0].as_str()).collect();
    assert_eq!(last, ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn another_address_is_tried_at_once() {
    let log = Log {
        plan: Mutex::new([failed(Next::Again, Some(300))].into()),
        ..Log::default()
    };
    let rig = Rig::start(delivery(1), log);
    rig.push(&["a"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.lane.readdress(Err(Fault::ours("other", "other")));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (seen, taken, _) = rig.end().await;
    assert_eq!(taken, ["a"]);
    assert_eq!(sizes(&seen), [(0, 1), (2, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_closed_brings_what_waits_and_ends() {
    let rig = Rig::start(delivery(10), Log::default());
    rig.push(&["a", "b"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.lane.close();
    let ended = timeout(Duration::from_secs(1), rig.tasks.wait()).await;
    assert!(ended.is_ok());
    assert_eq!(*rig.log.taken.lock().unwrap(), ["a", "b"]);
}
