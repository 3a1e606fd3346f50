use super::*;
use crate::domain::{EntityKind, ErrorKind, Secret};

/// A webhook that refuses as often as it is told to.
#[derive(Default)]
struct Hook {
    refuses: AtomicU64,
    got: Mutex<Vec<(String, String)>>,
}

impl Post for Hook {
    fn post<'a>(&'a self, to: &'a Webhook, body: Bytes) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let left = self.refuses.load(Ordering::Relaxed);
            if left > 0 {
                self.refuses.store(left - 1, Ordering::Relaxed);
                return Err("it answers 500".to_owned());
            }
            let text = String::from_utf8(body.to_vec()).unwrap();
            let url = to.url.reveal().to_owned();
            self.got.lock().unwrap().push((url, text));
            Ok(())
        })
    }
}

fn webhook(url: &str) -> Webhook {
    Webhook {
        url: Secret::new(url),
        guarded: false,
    }
}

fn key(id: &str) -> Entity {
    Entity::new(EntityKind::Key, id)
}

/// Brings everything that was told, and gives it.
async fn told(alerts: &Alerts, hook: &Hook) -> Vec<(String, String)> {
    let stop = CancellationToken::new();
    let run = alerts.clone().run(stop.clone());
    let stopping = async {
        while alerts.counts().waiting > 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(run, stopping);
    hook.got.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_told_of_once_a_period_whatever_calls_run_into_it() {
    let hook = Arc::new(Hook::default());
    let settings = Settings::usual(vec![webhook("http://hook/a")]);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    for at in 0..1000 {
        alerts.budget_exceeded(&key("k1"), "Budget has been exceeded! Key=ci", at);
    }
    alerts.budget_exceeded(&key("k2"), "Budget has been exceeded! Key=other", 1);
    let told = told(&alerts, &hook).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].1.contains("Key=ci") && told[0].1.contains("budget_alerts"));
    assert_eq!(alerts.counts().sent, 2);
}

#[tokio::test(start_paused = true)]
async fn a_kind_goes_to_its_own_webhook_and_one_that_is_not_asked_for_nowhere() {
    let hook = Arc::new(Hook::default());
    let mut settings = Settings::usual(vec![webhook("http://hook/usual")]);
    let own = vec![webhook("http://hook/db"), webhook("http://hook/db2")];
    settings.by_kind.insert(Kind::Database, own);
    settings.kinds.remove(&Kind::Slow);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    alerts.database(Err("connection refused"), 0);
    alerts.call_took("m", Duration::from_secs(9999), 0);
    alerts.soft_budget(&key("k"), "Key=ci", (Usd::ZERO, Usd::ZERO), 0);
    let told = told(&alerts, &hook).await;
    let urls: Vec<&str> = told.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(
        urls,
        ["http://hook/db", "http://hook/db2", "http://hook/usual"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_fails_is_tried_again_and_then_given_up() {
    let hook = Arc::new(Hook::default());
    hook.refuses.store(2, Ordering::Relaxed);
    let settings = Settings::usual(vec![webhook("http://hook/a")]);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    let stop = CancellationToken::new();
    let running = alerts.clone().run(stop.clone());
    let telling = async {
        alerts.database(Err("gone"), 0);
        while alerts.counts().sent < 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        hook.refuses.store(u64::from(TRIES), Ordering::Relaxed);
        alerts.database(Ok(Duration::from_secs(5)), 0);
        while alerts.counts().failed < 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop.cancel();
    };
    tokio::join!(running, telling);
    assert_eq!(hook.got.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_queue_drops_and_counts_and_holds_nobody_up() {
    let hook = Arc::new(Hook::default());
    let settings = Settings::usual(vec![webhook("http://hook/a")]);
    let alerts = Alerts::new(hook, Some(settings));
    for number in 0..QUEUE + 7 {
        alerts.budget_exceeded(&key(&number.to_string()), "spent", 0);
    }
    let counts = alerts.counts();
    assert_eq!((counts.waiting, counts.dropped), (QUEUE as u64, 7));
}

#[tokio::test(start_paused = true)]
async fn without_settings_nobody_is_told() {
    let hook = Arc::new(Hook::default());
    let alerts = Alerts::new(hook.clone(), None);
    let fault = Fault::upstream(ErrorKind::Upstream, "down");
    for at in 0..100 {
        alerts.attempt_failed(
            FailedAttempt {
                deployment: "d",
                provider: "p",
                model_group: "m",
                fault: &fault,
            },
            at,
        );
        alerts.call_failed("m", &fault, at);
    }
    assert!(told(&alerts, &hook).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_of_by_deployment_and_by_provider() {
    let hook = Arc::new(Hook::default());
    let settings = Settings::usual(vec![webhook("http://hook/a")]);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    let fault = Fault::upstream(ErrorKind::Upstream, "boom");
    for at in 0..5 {
        for deployment in ["d1", "d2"] {
            let attempt = FailedAttempt {
                deployment,
                provider: "openai",
                model_group: "gpt",
                fault: &fault,
            };
            alerts.attempt_failed(attempt, at);
        }
    }
    let told = told(&alerts, &hook).await;
    let with = |text: &str| told.iter().filter(|(_, it)| it.contains(text)).count();
    assert_eq!(with("Minor outage of a deployment"), 2, "{told:?}");
    assert_eq!(with("Minor outage of a provider"), 1, "{told:?}");
    assert_eq!(with("Major outage of a provider"), 1, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_test_reaches_each_webhook_once_and_says_why_one_did_not_take_it() {
    let hook = Arc::new(Hook::default());
    let mut settings = Settings::usual(vec![webhook("http://hook/usual")]);
    let own = vec![webhook("http://hook/db"), webhook("http://hook/usual")];
    settings.by_kind.insert(Kind::Database, own);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    let kinds = alerts.try_webhooks(0).await.unwrap().unwrap();
    assert_eq!(kinds.len(), Kind::ALL.len());
    let mut urls: Vec<String> = hook
        .got
        .lock()
        .unwrap()
        .iter()
        .map(|it| it.0.clone())
        .collect();
    urls.sort();
    assert_eq!(urls, ["http://hook/db", "http://hook/usual"]);
    hook.refuses.store(1, Ordering::Relaxed);
    let why = alerts.try_webhooks(0).await.unwrap().unwrap_err();
    assert_eq!(why, "it answers 500");
    assert_eq!((alerts.counts().sent, alerts.counts().failed), (2, 1));
    assert!(Alerts::default().try_webhooks(0).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn every_alert_of_a_subject_is_told_once_within_its_period_and_again_after_it() {
    let hook = Arc::new(Hook::default());
    let settings = Settings::usual(vec![webhook("http://hook/a")]);
    let (of_budgets, of_calls) = (settings.budget_period, settings.repeat_period);
    let alerts = Alerts::new(hook.clone(), Some(settings));
    let fault = Fault::upstream(ErrorKind::Upstream, "boom");
    let slow = Duration::from_secs(9999);
    type Tell<'a> = Box<dyn Fn(&Alerts, &str, i64) + 'a>;
    let kinds: [(Duration, Tell<'_>); 6] = [
        (
            of_budgets,
            Box::new(|it, of, at| it.soft_budget(&key(of), of, (Usd::ZERO, Usd::ZERO), at)),
        ),
        (
            of_budgets,
            Box::new(|it, of, at| it.budget_exceeded(&key(of), of, at)),
        ),
        (
            of_budgets,
            Box::new(|it, of, at| it.key_expires(of, of, 7, at)),
        ),
        (
            of_calls,
            Box::new(|it, of, at| it.cooled_down(of, "m", (&fault, at))),
        ),
        (
            of_calls,
            Box::new(|it, of, at| it.call_failed(of, &fault, at)),
        ),
        (of_calls, Box::new(|it, of, at| it.call_took(of, slow, at))),
    ];
    let start = tokio::time::Instant::now();
    let now = || i64::try_from(start.elapsed().as_millis()).unwrap();
    let mut sent = 0;
    for (period, tell) in kinds {
        tell(&alerts, "one", now());
        tell(&alerts, "another", now());
        tokio::time::advance(period - Duration::from_millis(1)).await;
        tell(&alerts, "one", now());
        assert_eq!(alerts.counts().waiting, sent + 2);
        tokio::time::advance(Duration::from_millis(1)).await;
        tell(&alerts, "one", now());
        tell(&alerts, "one", now());
        sent += 3;
        assert_eq!(alerts.counts().waiting, sent);
    }
    let told = told(&alerts, &hook).await;
    let again = |it: &&(String, String)| it.1.contains("It happened 1 times more");
    assert_eq!(told.len(), 18);
    assert_eq!(told.iter().filter(again).count(), 6, "{told:?}");
}
