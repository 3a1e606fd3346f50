use serde_json::value::RawValue;

use super::{NOW, both};
use crate::domain::{CallError, CallStatus, CostLine, Entity, EntityKind, SpendRow, Usage, Usd};
use crate::store::{
    Dimension, NextWindow, SpendFilter, SpendPlace, SpendSort, Store, TOTAL, UsageFilter, day_of,
};

const DAY: i64 = 86_400_000;

/// A call that costs this, paid by these, through one line.
pub(crate) fn call(id: &str, cost: Option<Usd>, payers: &[Entity]) -> SpendRow {
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 5,
        ..Usage::default()
    };
    SpendRow {
        call_id: id.to_owned(),
        provider_id: None,
        operation: "chat".to_owned(),
        status: CallStatus::Success,
        started_ms: NOW,
        first_token_ms: None,
        ended_ms: NOW + 900,
        key_hash: "hash".to_owned(),
        key_alias: None,
        user_id: None,
        team_id: None,
        organization_id: None,
        end_user: None,
        tags: Vec::new(),
        model_group: "group".to_owned(),
        deployment: "d1".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        api_base: None,
        usage: usage.clone(),
        cost,
        lines: vec![CostLine {
            deployment: "d1".to_owned(),
            provider: "openai".to_owned(),
            model: "gpt-4o".to_owned(),
            usage,
            cost,
            estimated: false,
            of_group: None,
        }],
        payers: payers.to_vec(),
        price_version: "v1".to_owned(),
        cache_hit: false,
        session_id: None,
        client_ip: None,
        user_agent: None,
        error: None,
        metadata: None,
        why: None,
    }
}

fn usd(dollars: f64) -> Option<Usd> {
    Usd::from_dollars(dollars)
}

pub(super) fn team(id: &str) -> Entity {
    Entity::new(EntityKind::Team, id)
}

fn raw(text: &str) -> Option<Box<RawValue>> {
    Some(RawValue::from_string(text.to_owned()).unwrap())
}

/// What an entity has spent in a window.
pub(super) async fn spent(store: &Store, entity: &Entity, span: &str) -> Option<Usd> {
    let all = store.accounts(std::slice::from_ref(entity)).await.unwrap();
    all.iter().find(|it| it.span == span).map(|it| it.spent)
}

pub(super) fn days(kind: EntityKind, ids: &[&str]) -> UsageFilter {
    UsageFilter {
        kind,
        ids: ids.iter().map(|it| (*it).to_owned()).collect(),
        except: Vec::new(),
        from_day: day_of(NOW) - 1,
        until_day: day_of(NOW) + 1,
        only: Vec::new(),
    }
}

fn text(row: &SpendRow) -> String {
    serde_json::to_string(row).unwrap()
}

both! {
    async fn a_call_reads_back_as_it_was_booked(store: &Store) {
        let mut row = call("c1", usd(0.25), &[team("t"), Entity::new(EntityKind::Key, "hash")]);
        row.provider_id = Some("chatcmpl-1".to_owned());
        row.status = CallStatus::Failure;
        row.first_token_ms = Some(NOW + 3);
        row.tags = vec!["a\"b".to_owned(), "ü".to_owned()];
        row.cache_hit = true;
        row.error = Some(CallError {
            status: 429,
            kind: "rate-limited".to_owned(),
            message: "slow down".to_owned(),
        });
        row.metadata = raw(r#"{"big":12345678901234567890.5,"b":[1,2]}"#);
        row.lines[0].estimated = true;
        row.lines[0].usage.reported_cost_usd = Some(0.1);
        row.lines.push(CostLine { cost: None, ..row.lines[0].clone() });
        store.settle(std::slice::from_ref(&row)).await.unwrap();
        let page = store.spend_rows(&SpendFilter::default(), None, 10).await.unwrap();
        assert_eq!((page.len(), text(&page[0])), (1, text(&row)));
    }

    async fn a_batch_that_comes_again_changes_nothing(store: &Store) {
        let batch = [
            call("a", usd(0.1), &[team("t")]),
            call("b", usd(0.2), &[team("t")]),
            call("a", usd(9.0), &[team("t")]),
        ];
        let first = store.settle(&batch).await.unwrap();
        assert_eq!((first.booked, first.repeated), (2, 1));
        let second = store.settle(&batch).await.unwrap();
        assert_eq!((second.booked, second.repeated), (0, 3));
        assert_eq!(spent(store, &team("t"), TOTAL).await, usd(0.3));
        assert_eq!(store.count_spend_rows(&SpendFilter::default(), 9).await.unwrap(), 2);
        assert_eq!(store.settle(&[]).await.unwrap().booked, 0);
    }

    async fn an_unknown_price_charges_nobody(store: &Store) {
        let mut row = call("a", None, &[team("t")]);
        row.lines.push(CostLine { cost: usd(1.0), ..row.lines[0].clone() });
        store.settle(&[row]).await.unwrap();
        assert_eq!(spent(store, &team("t"), TOTAL).await, Some(Usd::ZERO));
        let usage = store.usage(&days(EntityKind::Team, &["t"]), &[]).await.unwrap();
        assert_eq!((usage[0].sums.spent, usage[0].sums.requests), (Usd::ZERO, 1));
    }

    async fn a_window_counts_from_when_it_opens(store: &Store) {
        let team = team("t");
        store.settle(&[call("a", usd(1.0), std::slice::from_ref(&team))]).await.unwrap();
        store.open_window(&team, "30d", Some(NOW + 100)).await.unwrap();
        store.settle(&[call("b", usd(0.5), std::slice::from_ref(&team))]).await.unwrap();
        store.open_window(&team, "30d", Some(NOW + 200)).await.unwrap();
        assert_eq!(spent(store, &team, "30d").await, usd(0.5));
        assert_eq!(spent(store, &team, TOTAL).await, usd(1.5));

        assert_eq!(store.accounts_due(NOW + 199, 10).await.unwrap(), []);
        let due = store.accounts_due(NOW + 200, 10).await.unwrap();
        assert_eq!(due.len(), 1);
        let next = NextWindow {
            began_at: NOW + 200,
            reset_at: Some(NOW + 300),
            carried: Usd::ZERO,
        };
        assert!(store.reset(&due[0], next).await.unwrap());
        // Another replica saw the same account.
        assert!(!store.reset(&due[0], next).await.unwrap());
        assert_eq!(spent(store, &team, "30d").await, Some(Usd::ZERO));
        let due = store.accounts_due(NOW + 300, 10).await.unwrap();
        let last = NextWindow {
            began_at: NOW + 300,
            reset_at: None,
            carried: usd(1.25).unwrap(),
        };
        assert!(store.reset(&due[0], last).await.unwrap());
        assert_eq!(spent(store, &team, "30d").await, usd(1.25));
        store.set_spent(&team, "30d", usd(7.0).unwrap(), None).await.unwrap();
        assert_eq!(spent(store, &team, "30d").await, usd(7.0));
        store.close_window(&team, "30d").await.unwrap();
        assert_eq!(spent(store, &team, "30d").await, None);
    }

    async fn absurd_costs_do_not_overflow(store: &Store) {
        let row = |id: &str| {
            let mut row = call(id, Some(Usd::from_pico(i128::MAX)), &[team("t")]);
            row.usage.input_tokens = u64::MAX;
            row.lines[0].usage.input_tokens = u64::MAX;
            row
        };
        store.settle(&[row("a"), row("b")]).await.unwrap();
        store.settle(&[row("c")]).await.unwrap();
        let most = Usd::from_row(i64::MAX);
        assert_eq!(spent(store, &team("t"), TOTAL).await, Some(most + most + most));
        let usage = store.usage(&days(EntityKind::Team, &["t"]), &[]).await.unwrap();
        assert_eq!(usage[0].sums.spent, most + most + most);
        assert_eq!(usage[0].sums.input_tokens, 3_000_000_000_000);
    }

    async fn what_a_client_names_always_gets_in(store: &Store) {
        let long = "x".repeat(20_000);
        let end_user = Entity::new(EntityKind::EndUser, long.as_str());
        let mut row = call("a", usd(1.0), std::slice::from_ref(&end_user));
        row.end_user = Some(long.clone());
        row.session_id = Some("nul \0 in it".to_owned());
        row.model_group = long.clone();
        row.lines[0].model = "m\0".to_owned();
        store.settle(&[row]).await.unwrap();
        assert_eq!(spent(store, &end_user, TOTAL).await, usd(1.0));
        let mine = SpendFilter { end_user: Some(long), ..SpendFilter::default() };
        assert_eq!(store.count_spend_rows(&mine, 9).await.unwrap(), 1);
    }

    async fn usage_is_broken_down(store: &Store) {
        let proxy = Entity::new(EntityKind::Proxy, "");
        let payers = [team("t"), proxy];
        let mut fallback = call("a", usd(0.3), &payers);
        fallback.lines[0].cost = usd(0.1);
        fallback.lines.insert(0, CostLine {
            provider: "azure".to_owned(),
            model: "gpt-4".to_owned(),
            cost: usd(0.2),
            ..fallback.lines[0].clone()
        });
        let mut failed = call("b", usd(0.0), &payers);
        failed.status = CallStatus::Failure;
        failed.started_ms += 86_400_000;
        store.settle(&[fallback, failed]).await.unwrap();
        let filter = days(EntityKind::Team, &[]);
        let by = store.usage(&filter, &[Dimension::Provider, Dimension::Model]).await.unwrap();
        let found: Vec<_> = by.iter().map(|it| (it.values.join(" "), it.sums.spent, it.sums.requests)).collect();
        assert_eq!(found, [
            ("azure gpt-4".to_owned(), usd(0.2).unwrap(), 0),
            ("openai gpt-4o".to_owned(), usd(0.1).unwrap(), 2),
        ]);
        let by = store.usage(&filter, &[Dimension::Entity, Dimension::Day]).await.unwrap();
        let found: Vec<_> = by.iter().map(|it| (it.day, it.sums.successes, it.sums.failures)).collect();
        let today = day_of(NOW);
        assert_eq!(found, [(Some(today), 1, 0), (Some(today + 1), 0, 1)]);
        let only = UsageFilter {
            only: vec![(Dimension::Provider, vec!["azure".to_owned()])],
            ..filter.clone()
        };
        assert_eq!(store.usage(&only, &[]).await.unwrap()[0].sums.spent, usd(0.2).unwrap());
        let nobody = days(EntityKind::Team, &["other"]);
        assert_eq!(store.usage(&nobody, &[]).await.unwrap(), []);
    }

    async fn each_deployment_and_provider_pays_for_its_own_attempts(store: &Store) {
        let of = |kind, id: &str| Entity::new(kind, id);
        let (provider, deployment) = (EntityKind::Provider, EntityKind::Deployment);
        let payers = [
            team("own"), of(provider, "azure"), of(deployment, "d0"), of(provider, "openai"),
            of(deployment, "d1"),
        ];
        let mut fallback = call("own", usd(0.3), &payers);
        fallback.lines[0].cost = usd(0.1);
        fallback.lines.insert(0, CostLine {
            deployment: "d0".to_owned(),
            provider: "azure".to_owned(),
            cost: usd(0.2),
            ..fallback.lines[0].clone()
        });
        store.settle(&[fallback]).await.unwrap();
        for (payer, wanted) in payers.iter().zip([0.3, 0.2, 0.2, 0.1, 0.1]) {
            assert_eq!(spent(store, payer, TOTAL).await, usd(wanted), "{payer}");
            let usage = store.usage(&days(payer.kind, &[&payer.id]), &[]).await.unwrap();
            assert_eq!(usage[0].sums.spent, usd(wanted).unwrap(), "{payer}");
        }
    }

    async fn pages_of_rows_neither_miss_nor_repeat(store: &Store) {
        let rows: Vec<SpendRow> = (0..25i64).map(|n| {
            let mut row = call(&format!("c{n:02}"), usd(0.1), &[]);
            row.started_ms = NOW + n / 4;
            row.lines.clear();
            row
        }).collect();
        store.settle(&rows).await.unwrap();
        let mut seen = Vec::new();
        let mut place: Option<SpendPlace> = None;
        loop {
            let page = store.spend_rows(&SpendFilter::default(), place.as_ref(), 4).await.unwrap();
            let Some(last) = page.last() else { break };
            place = Some(SpendPlace { started_ms: last.started_ms, call_id: last.call_id.clone() });
            seen.extend(page.into_iter().map(|it| it.call_id));
        }
        let mut wanted: Vec<String> = rows.into_iter().map(|it| it.call_id).collect();
        wanted.reverse();
        assert_eq!(seen, wanted);
        let third = store.spend_rows_at(&SpendFilter::default(), 8, 4).await.unwrap();
        assert_eq!(third[0].call_id, wanted[8]);
    }

    async fn rows_are_found_by_each_filter(store: &Store) {
        let deployment = Entity::new(EntityKind::Deployment, "d1");
        let proxy = Entity::new(EntityKind::Proxy, "");
        let tags = ["50%", "a_b"].map(|it| Entity::new(EntityKind::Tag, it));
        let [half, under] = tags;
        let mut row = call("mine", usd(0.5), &[deployment, proxy, half, under]);
        row.provider_id = Some("p1".to_owned());
        row.key_alias = Some("alias".to_owned());
        row.user_id = Some("u".to_owned());
        row.team_id = Some("t".to_owned());
        row.organization_id = Some("o".to_owned());
        row.end_user = Some("e".to_owned());
        row.session_id = Some("s".to_owned());
        row.tags = vec!["50%".to_owned(), "a_b".to_owned()];
        let mut other = call("other", None, &[]);
        other.tags = vec!["axb".to_owned()];
        other.status = CallStatus::Interrupted;
        other.started_ms = NOW - 5;
        for name in [
            &mut other.key_hash, &mut other.model_group, &mut other.model, &mut other.provider,
            &mut other.deployment, &mut other.operation,
        ] {
            name.push_str("-other");
        }
        store.settle(&[row, other]).await.unwrap();
        let some = |text: &str| Some(text.to_owned());
        let none = SpendFilter::default;
        let filters = [
            SpendFilter { from_ms: Some(NOW), ..none() },
            SpendFilter { key_hash: some("hash"), ..none() },
            SpendFilter { key_alias: some("alias"), ..none() },
            SpendFilter { user_id: some("u"), ..none() },
            SpendFilter { team_ids: vec!["t".to_owned(), "t2".to_owned()], ..none() },
            SpendFilter { organization_id: some("o"), ..none() },
            SpendFilter { end_user: some("e"), ..none() },
            SpendFilter { model_group: some("group"), ..none() },
            SpendFilter { model: some("gpt-4o"), ..none() },
            SpendFilter { provider: some("openai"), ..none() },
            SpendFilter { deployment: some("d1"), ..none() },
            SpendFilter { operation: some("chat"), ..none() },
            SpendFilter { session_id: some("s"), ..none() },
            SpendFilter { request_id: some("mine"), ..none() },
            SpendFilter { request_id: some("p1"), ..none() },
            SpendFilter { status: Some(CallStatus::Success), ..none() },
            SpendFilter { tag: some("a_b"), ..none() },
            SpendFilter { tag: some("50%"), ..none() },
            SpendFilter { min_cost: usd(0.5), max_cost: usd(0.5), ..none() },
        ];
        for filter in filters {
            let found = store.spend_rows(&filter, None, 9).await.unwrap();
            let ids: Vec<_> = found.iter().map(|it| it.call_id.as_str()).collect();
            assert_eq!(ids, ["mine"], "{filter:?}");
            assert_eq!(store.count_spend_rows(&filter, 9).await.unwrap(), 1);
        }
        let all = ["mine", "p1", "hash", "u", "t", "e", "s", "d1"];
        for id in all {
            let filter = SpendFilter { any_id: some(id), ..none() };
            let found = store.spend_rows(&filter, None, 9).await.unwrap();
            assert_eq!(found.iter().map(|it| it.call_id.as_str()).collect::<Vec<_>>(), ["mine"], "{id}");
        }
        // On other days there is none of these.
        for filter in [
            SpendFilter { model: some("gpt-4o"), from_ms: Some(NOW + DAY), ..none() },
            SpendFilter { tag: some("a_b"), until_ms: Some(NOW - DAY), ..none() },
            SpendFilter { model: some("nobody's"), tag: some("a_b"), ..none() },
        ] {
            assert!(store.spend_rows(&filter, None, 9).await.unwrap().is_empty());
            assert_eq!(store.count_spend_rows(&filter, 9).await.unwrap(), 0);
        }
        let before = SpendFilter { until_ms: Some(NOW), ..none() };
        assert_eq!(store.spend_rows(&before, None, 9).await.unwrap()[0].call_id, "other");
    }

    async fn rows_of_another_gateway_are_found_without_their_sums(store: &Store) {
        let mut row = call("theirs", usd(0.5), &[]);
        row.tags = vec!["t".to_owned()];
        store.settle(&[row]).await.unwrap();
        let filter = SpendFilter { tag: Some("t".to_owned()), ..SpendFilter::default() };
        assert!(store.spend_rows(&filter, None, 9).await.unwrap().is_empty());
        let mut connection = store.pools.write().await.unwrap();
        let sql = "INSERT INTO sluice.brought (kind, id, print, ours, run) VALUES ('key', 'k', 'p', 'o', 1)";
        connection.execute(sql, Vec::new()).await.unwrap();
        connection.commit().await.unwrap();
        assert_eq!(store.spend_rows(&filter, None, 9).await.unwrap()[0].call_id, "theirs");
    }

    async fn a_deployment_that_only_failed_has_its_calls(store: &Store) {
        // Nobody pays for it, so it has no sums.
        let mut row = call("failed", None, &[]);
        row.status = CallStatus::Failure;
        row.lines.clear();
        store.settle(&[row]).await.unwrap();
        let filter = SpendFilter { deployment: Some("d1".to_owned()), ..SpendFilter::default() };
        assert_eq!(store.spend_rows(&filter, None, 9).await.unwrap()[0].call_id, "failed");
        assert_eq!(store.count_spend_rows(&filter, 9).await.unwrap(), 1);
    }

    async fn failed_calls_are_found_by_what_went_wrong(store: &Store) {
        let odd = r#"Half a \ud83d letter, a \u0000 and a "quote" at 100%_"#;
        let failed = |id: &str, status: u16, message: &str| {
            let mut row = call(id, None, &[]);
            row.status = CallStatus::Failure;
            row.error = Some(CallError { status, kind: "timeout".to_owned(), message: message.to_owned() });
            // What a client writes is no message of ours.
            let said = r#"{"note":"upstream gone, \u0000 \ud83d","error_status":"404"}"#;
            row.metadata = Some(RawValue::from_string(said.to_owned()).unwrap());
            row
        };
        let rows = [failed("a", 404, "Model is gone"), failed("b", 429, odd), call("c", None, &[])];
        store.settle(&rows).await.unwrap();
        for (status, part, wanted) in [
            (Some(404), None, &["a"][..]), (Some(40), None, &[]), (None, Some("is GONE"), &["a"]),
            (None, Some("upstream gone"), &[]), (None, Some("note"), &[]),
            (None, Some("a \"quote\""), &["b"]), (None, Some("100%_"), &["b"]), (None, Some("1_0"), &[]),
            (Some(429), Some("half"), &["b"]), (Some(404), Some("half"), &[]),
            (None, Some("(.*"), &[]), (None, Some("\\"), &["b"]),
        ] {
            let filter = SpendFilter {
                error_status: status,
                error_message: part.map(str::to_owned),
                ..SpendFilter::default()
            };
            let found = store.spend_rows(&filter, None, 9).await.unwrap();
            let ids: Vec<_> = found.iter().map(|it| it.call_id.as_str()).collect();
            assert_eq!(ids, wanted, "{status:?} {part:?}");
        }
    }

    async fn rows_are_sorted_by_what_they_cost_and_took(store: &Store) {
        let mut rows = ["a", "b", "c"].map(|id| call(id, usd(0.5), &[]));
        let [a, b, c] = &mut rows;
        (a.started_ms, a.ended_ms, a.cost) = (NOW, NOW + 30, usd(2.0));
        (b.started_ms, b.ended_ms, b.cost) = (NOW + 1, NOW + 11, None);
        (c.started_ms, c.ended_ms, c.cost) = (NOW + 2, NOW + 22, usd(1.0));
        b.first_token_ms = Some(NOW + 5);
        c.usage.output_tokens = 100;
        a.model = "z".to_owned();
        (a.cache_hit, b.cache_hit) = (true, false);
        store.settle(&rows).await.unwrap();
        let ids = async |filter: &SpendFilter, order| -> String {
            let rows = store.spend_rows_sorted(filter, order, 0, 9).await.unwrap();
            rows.iter().map(|it| it.call_id.as_str()).collect()
        };
        let all = SpendFilter::default();
        for (by, wanted) in [
            (SpendSort::Started, "cba"), (SpendSort::Ended, "acb"), (SpendSort::Duration, "acb"),
            (SpendSort::FirstToken, "bca"), (SpendSort::Cost, "acb"), (SpendSort::Tokens, "cba"),
            (SpendSort::Model, "acb"),
        ] {
            assert_eq!(ids(&all, (by, true)).await, wanted, "{by:?}");
            let reversed: String = wanted.chars().rev().collect();
            assert_eq!(ids(&all, (by, false)).await, reversed, "{by:?}");
        }
        let hits = SpendFilter { cache_hit: Some(true), ..all.clone() };
        assert_eq!(ids(&hits, (SpendSort::Started, true)).await, "a");
        let rest = store.spend_rows_sorted(&all, (SpendSort::Cost, true), 1, 1).await.unwrap();
        assert_eq!(rest[0].call_id, "c");
    }

    async fn forgotten_rows_leave_their_sums(store: &Store) {
        let rows: Vec<SpendRow> = (0..5i64).map(|n| {
            let mut row = call(&format!("c{n}"), usd(1.0), &[team("t")]);
            row.started_ms = NOW + n;
            row
        }).collect();
        store.settle(&rows).await.unwrap();
        assert_eq!(store.forget_spend_rows(NOW + 4, 3).await.unwrap(), 3);
        assert_eq!(store.forget_spend_rows(NOW + 4, 3).await.unwrap(), 1);
        assert_eq!(store.forget_spend_rows(NOW + 4, 3).await.unwrap(), 0);
        let left = store.spend_rows(&SpendFilter::default(), None, 9).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].lines.len(), 1);
        assert_eq!(spent(store, &team("t"), TOTAL).await, usd(5.0));
    }

    async fn replicas_that_book_together_lose_nothing(store: &Store) {
        let batch = |replica: usize| -> Vec<SpendRow> {
            let call = |n: usize| {
                let payers = [team("a"), team("b"), team(&format!("t{n}"))];
                // Half of the calls are everybody's: a journal that is replayed twice.
                let id = if n.is_multiple_of(2) { format!("c{n}") } else { format!("r{replica}-{n}") };
                call(&id, usd(0.01), &payers)
            };
            let mut all: Vec<SpendRow> = (0..20).map(call).collect();
            if replica.is_multiple_of(2) {
                all.reverse();
            }
            all
        };
        let batches: Vec<_> = (0..4).map(batch).collect();
        let done = futures_util::future::join_all(batches.iter().map(|it| store.settle(it))).await;
        let booked: usize = done.into_iter().map(|it| it.unwrap().booked).sum();
        assert_eq!(booked, 10 + 4 * 10);
        assert_eq!(spent(store, &team("a"), TOTAL).await, usd(0.5));
        assert_eq!(spent(store, &team("b"), TOTAL).await, usd(0.5));
    }
}

both! {
    async fn the_dearest_groups_come_first_to_the_last_unit(store: &Store) {
        // The small parts of `b` are more than a dollar together, and `c` has one unit more.
        let pico = |units: i128| Some(Usd::from_pico(units));
        let batch = [
            call("1", pico(1_000_000_000_000), &[team("a")]),
            call("2", pico(999_999_999_999), &[team("b")]),
            call("3", pico(999_999_999_999), &[team("b")]),
            call("4", pico(1_999_999_999_999), &[team("c")]),
            call("5", None, &[team("d")]),
        ];
        store.settle(&batch).await.unwrap();
        let filter = days(EntityKind::Team, &[]);
        let by = [Dimension::Entity];
        let names = async |limit| -> Vec<String> {
            let rows = store.usage_top(&filter, &by, limit).await.unwrap();
            rows.into_iter().flat_map(|it| it.values).collect()
        };
        assert_eq!(names(10).await, ["c", "b", "a", "d"]);
        assert_eq!(names(2).await, ["c", "b"]);
    }
}
