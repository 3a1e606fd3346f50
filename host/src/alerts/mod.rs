//! Tells people what cannot wait for a look at a dashboard: budgets, keys that expire, upstreams
//! and databases that are gone.
//!
//! It hears of calls and never holds one up: what is to be told waits in a bounded queue that one
//! task brings to webhooks. Whatever happens a thousand times is told once a period, with how often
//! it happened since. The room knows no HTTP (a [`Post`] is given to it), no config and no
//! database.

mod message;
mod outage;
mod recent;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::{Entity, Fault, Usd, moment};

use message::Message;
use outage::Outages;
use recent::Recent;

pub use settings::{Kind, Settings, Webhook, is_known};

/// Messages that wait at most; more are dropped and counted.
const QUEUE: usize = 256;
/// How often a message is sent in all before it is given up.
const TRIES: u32 = 3;
/// The wait before the second try, doubled before the third.
const AGAIN: Duration = Duration::from_secs(1);
/// How long messages that wait may take after a stop was asked for.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Brings a message to a webhook.
pub trait Post: Send + Sync {
    /// # Errors
    /// Why it did not arrive, without the address, which is a secret.
    fn post<'a>(&'a self, to: &'a Webhook, body: Bytes) -> BoxFuture<'a, Result<(), String>>;
}

/// An attempt at a deployment that failed.
#[derive(Debug, Clone, Copy)]
pub struct FailedAttempt<'a> {
    pub deployment: &'a str,
    pub provider: &'a str,
    pub model_group: &'a str,
    pub fault: &'a Fault,
}

/// What became of messages since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: u64,
    /// No webhook took them.
    pub failed: u64,
    /// The queue was full.
    pub dropped: u64,
    /// Waiting now.
    pub waiting: u64,
}

/// Tells people. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    inner: Arc<Inner>,
}

struct Inner {
    /// None: nobody is told of anything.
    settings: ArcSwapOption<Settings>,
    recent: Recent,
    outages: Outages,
    queue: mpsc::Sender<(Kind, Message)>,
    waiting: Mutex<Option<mpsc::Receiver<(Kind, Message)>>>,
    post: Arc<dyn Post>,
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

impl fmt::Debug for Alerts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Alerts").field(&self.counts()).finish()
    }
}

impl Alerts {
    pub fn new(post: Arc<dyn Post>, settings: Option<Settings>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            inner: Arc::new(Inner {
                settings: ArcSwapOption::from_pointee(settings),
                recent: Recent::default(),
                outages: Outages::default(),
                queue,
                waiting: Mutex::new(Some(waiting)),
                post,
                sent: AtomicU64::default(),
                failed: AtomicU64::default(),
                dropped: AtomicU64::default(),
            }),
        }
    }

    /// Other settings from now on. None: nobody is told of anything.
    pub fn set_settings(&self, settings: Option<Settings>) {
        self.inner.settings.store(settings.map(Arc::new));
    }

    /// Whether anybody is told of anything.
    pub fn is_on(&self) -> bool {
        self.inner.settings.load().is_some()
    }

    pub fn counts(&self) -> Counts {
        let read = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let waiting = QUEUE.saturating_sub(self.inner.queue.capacity());
        Counts {
            sent: read(&self.inner.sent),
            failed: read(&self.inner.failed),
            dropped: read(&self.inner.dropped),
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        }
    }

    /// A holder has spent as much as its soft budget. `shown` is how people know the holder.
    pub fn soft_budget(&self, of: &Entity, shown: &str, (spend, soft): (Usd, Usd), now_ms: i64) {
        let Some(settings) = self.wants(Kind::Budget) else {
            return;
        };
        let subject = format!("soft {of}");
        let period = settings.budget_period;
        self.tell((Kind::Budget, &subject, period), now_ms, || Message {
            level: "Medium",
            title: "Soft budget crossed".to_owned(),
            text: format!(
                "{shown} has spent {spend} dollars; its soft budget is {soft}. Calls go on."
            ),
        });
    }

    /// A call was refused because a budget is spent. `why` is what the client was told.
    pub fn budget_exceeded(&self, of: &Entity, why: &str, now_ms: i64) {
        let Some(settings) = self.wants(Kind::Budget) else {
            return;
        };
        let subject = format!("spent {of}");
        let period = settings.budget_period;
        self.tell((Kind::Budget, &subject, period), now_ms, || Message {
            level: "High",
            title: "Budget exceeded".to_owned(),
            text: why.to_owned(),
        });
    }

    /// A key expires soon. `name` is its alias, or its last characters.
    pub fn key_expires(&self, hash: &str, name: &str, at_ms: i64, now_ms: i64) {
        let Some(settings) = self.wants(Kind::KeyExpiry) else {
            return;
        };
        let subject = format!("{hash} {at_ms}");
        let period = settings.budget_period;
        self.tell((Kind::KeyExpiry, &subject, period), now_ms, || Message {
            level: "Medium",
            title: "Key expires soon".to_owned(),
            text: format!(
                "The key {name} expires at {}. Calls with it are refused from then on.",
                moment(at_ms)
            ),
        });
    }

    /// An attempt failed. Where enough of them do in a short time, a deployment or a provider is
    /// out.
    pub fn attempt_failed(&self, attempt: FailedAttempt<'_>, now_ms: i64) {
        let settings = self.inner.settings.load();
        let Some(settings) = settings.as_deref() else {
            return;
        };
        if !outage::counts(attempt.fault) {
            return;
        }
        let heard = self.inner.outages.failed(&attempt, settings, now_ms);
        let seconds = settings.outage_period.as_secs();
        let FailedAttempt {
            deployment,
            provider,
            model_group,
            fault,
        } = attempt;
        if let Some((level, count)) = heard.deployment
            && settings.wants(Kind::Outage)
        {
            self.send(Kind::Outage, now_ms, Message {
                level: level.word(),
                title: format!("{} outage of a deployment", level.name()),
                text: format!(
                    "Deployment `{deployment}` of model group `{model_group}` ({provider}): {count} \
                     failures within {seconds} seconds. The last one: {fault}"
                ),
            });
        }
        if let Some((level, count, deployments)) = heard.provider
            && settings.wants(Kind::ProviderOutage)
        {
            self.send(Kind::ProviderOutage, now_ms, Message {
                level: level.word(),
                title: format!("{} outage of a provider", level.name()),
                text: format!(
                    "Provider `{provider}`: {count} failures of {deployments} deployments within \
                     {seconds} seconds. The last one: {fault}"
                ),
            });
        }
    }

    /// A deployment was laid to rest.
    pub fn cooled_down(&self, deployment: &str, model_group: &str, (fault, now_ms): (&Fault, i64)) {
        let Some(settings) = self.wants(Kind::Cooldown) else {
            return;
        };
        let period = settings.repeat_period;
        self.tell((Kind::Cooldown, deployment, period), now_ms, || Message {
            level: "Low",
            title: "Deployment cools down".to_owned(),
            text: format!("Deployment `{deployment}` of model group `{model_group}` is not asked for a while: {fault}"),
        });
    }

    /// A call failed for its client, and not by the client's own doing.
    pub fn call_failed(&self, model_group: &str, fault: &Fault, now_ms: i64) {
        let Some(settings) = self.wants(Kind::Exception) else {
            return;
        };
        if !outage::counts(fault) {
            return;
        }
        let subject = format!("{model_group} {}", fault.kind.as_str());
        let period = settings.repeat_period;
        self.tell((Kind::Exception, &subject, period), now_ms, || Message {
            level: "High",
            title: "Calls fail".to_owned(),
            text: format!("A call of model group `{model_group}` failed: {fault}"),
        });
    }

    /// A call took this long.
    pub fn call_took(&self, model_group: &str, took: Duration, now_ms: i64) {
        let Some(settings) = self.wants(Kind::Slow) else {
            return;
        };
        if took < settings.threshold {
            return;
        }
        let period = settings.repeat_period;
        self.tell((Kind::Slow, model_group, period), now_ms, || Message {
            level: "Low",
            title: "Slow calls".to_owned(),
            text: format!(
                "A call of model group `{model_group}` took {:.1} seconds; the threshold is {:.1}.",
                took.as_secs_f64(),
                settings.threshold.as_secs_f64()
            ),
        });
    }

    /// The database stopped answering, or answers again after so long.
    pub fn database(&self, gone: Result<Duration, &str>, now_ms: i64) {
        if self.wants(Kind::Database).is_none() {
            return;
        }
        let message = match gone {
            Err(cause) => Message {
                level: "High",
                title: "Database down".to_owned(),
                text: format!("The database does not answer: {cause}. Spend waits in the journal."),
            },
            Ok(time) => Message {
                level: "Low",
                title: "Database is back".to_owned(),
                text: format!(
                    "The database answers again after {} seconds.",
                    time.as_secs()
                ),
            },
        };
        self.send(Kind::Database, now_ms, message);
    }

    fn wants(&self, kind: Kind) -> Option<Arc<Settings>> {
        self.inner.settings.load_full().filter(|it| it.wants(kind))
    }

    /// Once a period: what is told of a subject is not told again, only counted.
    fn tell(
        &self,
        (kind, subject, period): (Kind, &str, Duration),
        now_ms: i64,
        message: impl FnOnce() -> Message,
    ) {
        let Some(unsaid) = self.inner.recent.first((kind, subject), period, now_ms) else {
            return;
        };
        let mut message = message();
        if unsaid > 0 {
            message.text.push_str(&format!(
                " It happened {unsaid} times more since the last message."
            ));
        }
        self.send(kind, now_ms, message);
    }

    fn send(&self, kind: Kind, now_ms: i64, mut message: Message) {
        message
            .text
            .push_str(&format!("\nTime: {}", moment(now_ms)));
        if self.inner.queue.try_send((kind, message)).is_err() {
            let before = self.inner.dropped.fetch_add(1, Ordering::Relaxed);
            if before == 0 {
                tracing::warn!("alerts are dropped: {QUEUE} wait for their webhooks already");
            }
        }
    }

    /// Sends a message to every webhook, and gives the kinds that are told there; None: nobody is told
    /// of anything.
    ///
    /// # Errors
    /// Why one of them did not take it.
    pub async fn try_webhooks(&self, now_ms: i64) -> Option<Result<Vec<Kind>, String>> {
        let settings = self.inner.settings.load_full()?;
        let mut kinds: Vec<Kind> = settings.kinds.iter().copied().collect();
        kinds.sort_unstable();
        let mut tried: Vec<&Webhook> = Vec::new();
        for kind in &kinds {
            let message = Message {
                level: "Low",
                title: "Test alert".to_owned(),
                text: format!("An operator asked for it.\nTime: {}", moment(now_ms)),
            };
            for webhook in settings.webhooks(*kind) {
                if tried.contains(&webhook) {
                    continue;
                }
                tried.push(webhook);
                let posted = self.inner.post.post(webhook, message.body(*kind)).await;
                let counter = match posted {
                    Ok(()) => &self.inner.sent,
                    Err(_) => &self.inner.failed,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                if let Err(why) = posted {
                    return Some(Err(why));
                }
            }
        }
        Some(Ok(kinds))
    }

    /// Brings messages to their webhooks until `stop`, then those that wait.
    pub async fn run(self, stop: CancellationToken) {
        let waiting = &self.inner.waiting;
        let taken = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut waiting) = taken else {
            return;
        };
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => break,
                next = waiting.recv() => next,
            };
            let Some((kind, message)) = next else { return };
            tokio::select! {
                () = self.bring(kind, &message) => {}
                () = stop.cancelled() => {
                    let last = tokio::time::timeout(LAST_WORDS, self.bring_once(kind, &message));
                    // What is not gone by then is lost with the process.
                    let _ = last.await;
                    break;
                }
            }
        }
        let rest = async {
            while let Ok((kind, message)) = waiting.try_recv() {
                self.bring_once(kind, &message).await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, rest).await;
    }

    async fn bring_once(&self, kind: Kind, message: &Message) {
        self.bring_within(kind, message, 1).await;
    }

    async fn bring(&self, kind: Kind, message: &Message) {
        self.bring_within(kind, message, TRIES).await;
    }

    async fn bring_within(&self, kind: Kind, message: &Message, tries: u32) {
        let Some(settings) = self.inner.settings.load_full() else {
            return;
        };
        let body = message.body(kind);
        for webhook in settings.webhooks(kind) {
            let mut wait = AGAIN;
            let mut left = tries;
            loop {
                left = left.saturating_sub(1);
                let posted = self.inner.post.post(webhook, body.clone()).await;
                let Err(cause) = posted else {
                    self.inner.sent.fetch_add(1, Ordering::Relaxed);
                    break;
                };
                if left == 0 {
                    self.inner.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(alert = kind.as_str(), %cause, "an alert did not reach its webhook");
                    break;
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
    }
}

/// Nobody is told of anything: for what runs without alerts.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Post for Nobody {
    fn post<'a>(&'a self, _: &'a Webhook, _: Bytes) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Self::new(Arc::new(Nobody), None)
    }
}
