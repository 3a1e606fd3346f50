use super::{NOW, both};
use crate::store::{RemoteObject, RemotePage, Store};

pub(crate) fn object(id: &str, kind: &str) -> RemoteObject {
    RemoteObject {
        id: id.to_owned(),
        kind: kind.to_owned(),
        owner: "key:hash".to_owned(),
        model_group: "m".to_owned(),
        deployment: "d".to_owned(),
        remote_id: format!("remote-{id}"),
        created_ms: NOW,
        doc: "{}".to_owned(),
        account: None,
        state: None,
    }
}

fn page<'p>(owner: Option<&'p str>, after: Option<(i64, &'p str)>) -> RemotePage<'p> {
    RemotePage {
        kind: "file",
        owner,
        after,
        oldest_first: false,
        limit: 2,
    }
}

fn ids(objects: &[RemoteObject]) -> Vec<&str> {
    objects.iter().map(|it| it.id.as_str()).collect()
}

both! {
    async fn an_object_is_kept_once_and_forgotten(store: &Store) {
        let first = object("a", "file");
        store.keep_remote(&first).await.unwrap();
        store.keep_remote(&RemoteObject { owner: "key:other".to_owned(), ..first.clone() }).await.unwrap();
        assert_eq!(store.remote("file", "a").await.unwrap(), Some(first.clone()));
        assert_eq!(store.remote("batch", "a").await.unwrap(), None);
        store.tell_remote("a", r#"{"status":"processed"}"#).await.unwrap();
        let told = store.remote("file", "a").await.unwrap().unwrap();
        assert_eq!(told.doc, r#"{"status":"processed"}"#);
        store.forget_remote("a").await.unwrap();
        assert_eq!(store.remote("file", "a").await.unwrap(), None);
    }

    async fn lines_are_kept_in_their_order_and_forgotten_with_their_file(store: &Store) {
        for (id, at) in [("a", NOW), ("b", NOW + 5)] {
            let state = Some("of its plugin".to_owned());
            let file = RemoteObject { state, ..object(id, "file") };
            store.keep_remote(&file).await.unwrap();
            assert_eq!(store.remote("file", id).await.unwrap(), Some(file));
            store.keep_lines((id, 1), "{2}\n", at).await.unwrap();
            store.keep_lines((id, 0), "{1}\n", at).await.unwrap();
        }
        let lines = async |id, place| store.lines_at(id, place).await.unwrap();
        assert_eq!(lines("a", 0).await.as_deref(), Some("{1}\n"));
        assert_eq!(lines("a", 1).await.as_deref(), Some("{2}\n"));
        assert_eq!(lines("a", 2).await, None);
        store.forget_lines(NOW + 5).await.unwrap();
        assert_eq!((lines("a", 0).await, store.remote("file", "a").await.unwrap()), (None, None));
        assert!(lines("b", 0).await.is_some());
        store.forget_remote("b").await.unwrap();
        assert_eq!(lines("b", 0).await, None);
    }

    async fn pages_hold_the_owners_newest_first(store: &Store) {
        for (at, id) in ["a", "b", "c"].into_iter().enumerate() {
            let at = i64::try_from(at).unwrap() / 2;
            store.keep_remote(&RemoteObject { created_ms: NOW + at, ..object(id, "file") }).await.unwrap();
        }
        let other = RemoteObject { owner: "user:u".to_owned(), ..object("d", "file") };
        store.keep_remote(&other).await.unwrap();
        store.keep_remote(&object("e", "batch")).await.unwrap();
        let mine = Some("key:hash");
        let first = store.remotes(page(mine, None)).await.unwrap();
        assert_eq!(ids(&first), ["c", "b"]);
        let next = store.remotes(page(mine, Some((NOW, "b")))).await.unwrap();
        assert_eq!(ids(&next), ["a"]);
        let all = RemotePage { limit: 9, oldest_first: true, ..page(None, None) };
        assert_eq!(ids(&store.remotes(all).await.unwrap()), ["a", "b", "d", "c"]);
    }

    async fn a_batch_that_is_not_booked_is_had_by_one_at_a_time(store: &Store) {
        let batch = RemoteObject { account: Some("{}".to_owned()), ..object("b", "batch") };
        store.keep_remote(&batch).await.unwrap();
        store.keep_remote(&object("f", "file")).await.unwrap();
        assert!(store.take_unbooked((NOW - 1, NOW), 9).await.unwrap().is_empty());
        let taken = store.take_unbooked((NOW, NOW + 5), 9).await.unwrap();
        assert_eq!(ids(&taken), ["b"]);
        assert!(store.take_unbooked((NOW, NOW + 6), 9).await.unwrap().is_empty());
        let again = store.take_unbooked((NOW + 5, NOW + 9), 9).await.unwrap();
        assert_eq!(again[0].account.as_deref(), Some("{}"));
        store.hurry_remote("b", r#"{"status":"completed"}"#).await.unwrap();
        let hurried = store.take_unbooked((NOW, NOW + 10), 9).await.unwrap();
        assert_eq!(hurried[0].doc, r#"{"status":"completed"}"#);
        store.remote_is_booked("b").await.unwrap();
        assert!(store.take_unbooked((NOW + 99, NOW + 99), 9).await.unwrap().is_empty());
    }
}
