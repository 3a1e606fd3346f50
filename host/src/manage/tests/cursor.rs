use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::auth::Caller;
use crate::store::Store;

/// A list that goes by cursor.
struct List {
    path: &'static str,
    rows: &'static str,
    /// Where a row has its id, as a JSON pointer.
    id: &'static str,
    size: &'static str,
    number: &'static str,
    total: &'static str,
}

const KEYS: List = List {
    path: "/key/list?return_full_object=true",
    rows: "keys",
    id: "/token",
    size: "size",
    number: "current_page",
    total: "total_count",
};

const USERS: List = List {
    path: "/user/list?",
    rows: "users",
    id: "/user_id",
    size: "page_size",
    number: "page",
    total: "total",
};

const TEAMS: List = List {
    path: "/v2/team/list?",
    rows: "teams",
    id: "/team_id",
    size: "page_size",
    number: "page",
    total: "total",
};

const CUSTOMERS: List = List {
    path: "/v2/customer/list?",
    rows: "customers",
    id: "/user_id",
    size: "page_size",
    number: "page",
    total: "total",
};

const AUDIT: List = List {
    path: "/audit?",
    rows: "audit_logs",
    id: "/id",
    size: "page_size",
    number: "page",
    total: "total",
};

const MODELS: List = List {
    path: "/v2/model/info?",
    rows: "data",
    id: "/model_info/id",
    size: "size",
    number: "current_page",
    total: "total_count",
};

const LISTS: [&List; 4] = [&KEYS, &USERS, &TEAMS, &CUSTOMERS];

impl List {
    async fn page(&self, rig: &Rig, caller: &Caller, query: &str) -> Value {
        let path = format!("{}&{}=2&{query}", self.path, self.size);
        rig.get(&path, caller).await.unwrap()
    }

    fn ids(&self, page: &Value) -> Vec<String> {
        let rows = page[self.rows].as_array().unwrap().iter();
        rows.map(|it| it.pointer(self.id).unwrap().as_str().unwrap().to_owned())
            .collect()
    }

    /// Every row, page by page: by number, and by cursor.
    async fn both_ways(&self, rig: &Rig, caller: &Caller, query: &str) -> [Vec<String>; 2] {
        let mut ways = [Vec::new(), Vec::new()];
        let first = self.page(rig, caller, query).await;
        for number in 1..=first["total_pages"].as_u64().unwrap() {
            let page = self
                .page(rig, caller, &format!("{query}&page={number}"))
                .await;
            assert_eq!(page[self.number], number);
            ways[0].extend(self.ids(&page));
        }
        ways[1].extend(self.ids(&first));
        let mut next = first["next_cursor"].clone();
        while let Some(cursor) = next.as_str() {
            let page = self
                .page(rig, caller, &format!("{query}&cursor={cursor}"))
                .await;
            assert_eq!(
                (&page[self.number], &page[self.total]),
                (&Value::Null, &first[self.total])
            );
            ways[1].extend(self.ids(&page));
            next = page["next_cursor"].clone();
        }
        ways
    }
}

async fn filled(store: &Store) -> Rig {
    let rig = Rig::people(store).await;
    for (alias, user) in [
        ("a", "ann"),
        ("b", "ann"),
        ("c", "bob"),
        ("d", "ann"),
        ("e", "eve"),
    ] {
        rig.ok(
            "/key/generate",
            json!({"key_alias": alias, "user_id": user}),
        )
        .await;
    }
    for id in ["c1", "c2", "c3", "c4", "c5"] {
        let body = json!({"user_id": id, "alias": format!("customer {id}")});
        rig.ok("/customer/new", body).await;
    }
    rig
}

both! {
    async fn pages_by_cursor_are_the_pages_by_number(store: &Store) {
        let rig = filled(store).await;
        for (list, own) in [(&KEYS, "token"), (&USERS, "user_id"), (&TEAMS, "team_id"), (&CUSTOMERS, "user_id")] {
            for sort in ["created_at", "updated_at", own] {
                for order in ["asc", "desc"] {
                    let query = format!("sort_by={sort}&sort_order={order}");
                    let [by_number, by_cursor] = list.both_ways(&rig, &master(), &query).await;
                    assert_eq!(by_number, by_cursor, "{} {query}", list.path);
                    assert!(by_number.len() >= 3, "{by_number:?}");
                }
            }
            let [by_number, by_cursor] = list.both_ways(&rig, &master(), "").await;
            assert_eq!(by_number, by_cursor);
        }
        let [by_number, by_cursor] = CUSTOMERS.both_ways(&rig, &master(), "search=c").await;
        assert_eq!((by_number.len(), by_number), (5, by_cursor));
        let [by_number, by_cursor] = KEYS.both_ways(&rig, &master(), "user_id=ann").await;
        assert_eq!((by_number.len(), by_number), (3, by_cursor));
    }

    async fn the_audit_log_goes_by_cursor_and_what_is_written_meanwhile_moves_nothing(store: &Store) {
        let rig = filled(store).await;
        for query in ["", "table_name=LiteLLM_EndUserTable", "action=created&object_id=c2"] {
            let [by_number, by_cursor] = AUDIT.both_ways(&rig, &master(), query).await;
            assert!(!by_number.is_empty());
            assert_eq!(by_number, by_cursor, "{query}");
        }
        let first = AUDIT.page(&rig, &master(), "").await;
        let next = first["next_cursor"].as_str().unwrap();
        let whole = AUDIT.both_ways(&rig, &master(), "").await;
        rig.ok("/customer/delete", json!({"user_ids": ["c1"]})).await;
        let second = AUDIT.page(&rig, &master(), &format!("cursor={next}")).await;
        assert_eq!(AUDIT.ids(&second), whole[0][2..4]);
    }

    async fn models_by_name_go_by_cursor(store: &Store) {
        let rig = Rig::people(store).await;
        for (query, ids) in [
            ("sortBy=model_name", ["d1", "d2", "d3"]),
            ("sortBy=model_name&sortOrder=desc", ["d3", "d2", "d1"]),
        ] {
            let [by_number, by_cursor] = MODELS.both_ways(&rig, &master(), query).await;
            assert_eq!((by_number, by_cursor), (ids.map(str::to_owned).into(), ids.map(str::to_owned).into()));
        }
        // Nothing else sorts them so that no two share a place.
        let by_cost = MODELS.page(&rig, &master(), "sortBy=costs").await;
        assert_eq!(by_cost["next_cursor"], Value::Null);
    }

    async fn the_log_and_the_models_take_no_cursor_that_is_not_theirs(store: &Store) {
        let rig = filled(store).await;
        let next = async |list: &List, query: &str| {
            let page = list.page(&rig, &master(), query).await;
            page["next_cursor"].as_str().unwrap().to_owned()
        };
        let entries = next(&AUDIT, "").await;
        let models = next(&MODELS, "sortBy=model_name").await;
        let keys = next(&KEYS, "").await;
        let words = URL_SAFE_NO_PAD.encode("audit.seq.desc.first");
        let half = URL_SAFE_NO_PAD.encode("deployment.model_name.asc.[\"alpha\"]");
        for (list, query) in [
            (&AUDIT, format!("cursor={keys}")),
            (&AUDIT, format!("cursor={models}")),
            (&AUDIT, format!("cursor={words}")),
            (&AUDIT, format!("cursor={entries}&page=2")),
            (&AUDIT, "cursor=here".to_owned()),
            (&MODELS, format!("sortBy=model_name&cursor={entries}")),
            (&MODELS, format!("sortBy=model_name&cursor={half}")),
            (&MODELS, format!("sortBy=model_name&sortOrder=desc&cursor={models}")),
            (&MODELS, format!("sortBy=model_name&cursor={models}&page=2")),
            (&MODELS, format!("sortBy=costs&cursor={models}")),
            (&MODELS, format!("cursor={models}")),
        ] {
            let answer = rig.get(&format!("{}&{query}", list.path), &master()).await;
            assert_eq!(named(answer), "400 cursor", "{} {query}", list.path);
        }
    }

    async fn a_cursor_shows_nobody_what_is_not_theirs(store: &Store) {
        let rig = filled(store).await;
        let first = KEYS.page(&rig, &master(), "").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let all = KEYS.both_ways(&rig, &member("ann"), "").await;
        assert_eq!(all[1].len(), 3);
        let rest = KEYS.page(&rig, &member("ann"), &format!("cursor={cursor}")).await;
        assert!(KEYS.ids(&rest).iter().all(|it| all[1].contains(it)));
    }

    async fn a_row_that_is_made_between_pages_moves_none(store: &Store) {
        let rig = filled(store).await;
        let first = KEYS.page(&rig, &master(), "sort_by=token").await;
        let mut seen = KEYS.ids(&first);
        rig.ok("/key/delete", json!({"keys": [seen[0]]})).await;
        let next = first["next_cursor"].as_str().unwrap();
        let second = KEYS.page(&rig, &master(), &format!("sort_by=token&cursor={next}")).await;
        assert_eq!(second["total_count"], 4);
        let next = second["next_cursor"].as_str().unwrap();
        let last = KEYS.page(&rig, &master(), &format!("sort_by=token&cursor={next}")).await;
        assert_eq!(last["next_cursor"], Value::Null);
        seen.extend(KEYS.ids(&second));
        seen.extend(KEYS.ids(&last));
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    }

    async fn a_cursor_that_does_not_fit_is_refused_by_its_name(store: &Store) {
        let rig = filled(store).await;
        for (list, by_name) in [(&KEYS, "key_alias"), (&USERS, "user_email"), (&TEAMS, "team_alias"), (&CUSTOMERS, "alias")] {
            let first = list.page(&rig, &master(), "").await;
            let own = first["next_cursor"].as_str().unwrap();
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(own).unwrap()).unwrap();
            let written = |it: String| format!("cursor={}", URL_SAFE_NO_PAD.encode(it));
            let (order, _) = text.rsplit_once('.').unwrap();
            let mut wrong = vec![
                "cursor=here".to_owned(),
                format!("cursor={own}="),
                format!("cursor={}", &own[1..]),
                format!("cursor={own}&page=2"),
                format!("cursor={own}&sort_by={by_name}"),
                format!("cursor={own}&sort_by=spend"),
                format!("cursor={own}&sort_by=updated_at"),
                format!("cursor={own}&sort_order=asc"),
                written(text.replace("created_at.desc.", "created_at.desc.x")),
                written(format!("{order}.")),
                written(format!("{order}.a\0b")),
                written(text.replace("created_at.desc.", "created_at.desc..")),
            ];
            for other in LISTS.into_iter().filter(|it| it.path != list.path) {
                let page = other.page(&rig, &master(), "").await;
                wrong.push(format!("cursor={}", page["next_cursor"].as_str().unwrap()));
            }
            for query in wrong {
                let answer = rig.get(&format!("{}&{query}", list.path), &master()).await;
                assert_eq!(named(answer), "400 cursor", "{} {query}", list.path);
            }
            // Of nothing, it is none.
            let none = list.page(&rig, &master(), "cursor=&page=2").await;
            assert_eq!(none[list.number], 2);
            let by_name = list.page(&rig, &master(), &format!("sort_by={by_name}")).await;
            assert_eq!(by_name["next_cursor"], Value::Null);
        }
        // Lists that are shown as one have no pages.
        for path in ["/team/list", "/customer/list"] {
            assert_eq!(named(rig.get(&format!("{path}?cursor=x"), &master()).await), "400 cursor");
        }
    }
}
