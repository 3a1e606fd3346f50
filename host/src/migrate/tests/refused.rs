//! Runs that change nothing: rehearsed ones, and refused ones.

use super::rig::{Rig, both, elsewhere, salt};
use crate::migrate::{MigrateError, Plan};
use crate::store::KeyRow;
use crate::store::Query;
use crate::store::tests::Foreign;

/// Everything that LiteLLM's tables hold.
async fn contents(source: &Foreign) -> String {
    let sql = "SELECT CAST(database_to_xml(true, true, '') AS TEXT)";
    source.text(sql).await
}

/// Whether anything was made where it would be moved to.
fn is_untouched(rig: &Rig) -> bool {
    rig.place.address.path().is_none_or(|path| !path.exists())
}

async fn keys(rig: &Rig) -> u64 {
    let store = rig.store().await;
    let keys = store.list::<KeyRow>(&Query::new()).await.unwrap().total;
    store.close().await;
    keys
}

both! {
    async fn a_dry_run_says_the_same_and_changes_nothing(rig: Rig) {
        let before = contents(&rig.source).await;
        let dry = rig.run_with(&Plan { dry_run: true, ..rig.plan() }).await;
        assert!(dry.done.is_ok(), "{:?}", dry.done);
        assert!(is_untouched(&rig));
        assert_eq!(contents(&rig.source).await, before);
        let real = rig.run().await;
        assert_eq!(dry.lines, real.lines);
        assert_eq!(contents(&rig.source).await, before);
        // On a database that has something.
        let again = rig.run_with(&Plan { dry_run: true, ..rig.plan() }).await;
        assert_eq!(again.total("made"), 0);
        rig.remove().await;
    }

    async fn a_wrong_salt_key_is_noticed_before_anything_is_written(rig: Rig) {
        for dry_run in [true, false] {
            let plan = Plan { their_salt: salt("another"), dry_run, ..rig.plan() };
            let said = rig.run_with(&plan).await;
            let refused = said.done.unwrap_err();
            assert!(matches!(refused, MigrateError::WrongSalt { values: 3 }), "{refused}");
            assert!(refused.to_string().contains("LITELLM_SALT_KEY"), "{refused}");
            assert!(is_untouched(&rig));
        }
        assert_eq!(keys(&rig).await, 0);
        rig.remove().await;
    }

    async fn another_litellm_is_not_taken_for_one_that_lost_its_keys(rig: Rig) {
        rig.run().await;
        rig.source.run(
            r#"UPDATE "LiteLLM_VerificationToken" SET token = repeat('0', 60) || left(token, 4)"#,
        ).await;
        let refused = rig.run_with(&rig.plan()).await.done.unwrap_err();
        assert!(matches!(refused, MigrateError::OtherSource { keys: 2 }), "{refused}");
        assert_eq!(keys(&rig).await, 2);
        rig.remove().await;
    }

    async fn a_database_that_is_not_litellms_is_refused_with_the_cure(rig: Rig) {
        rig.source.run(
            r#"CREATE SCHEMA lite;
               ALTER TABLE "LiteLLM_VerificationToken" SET SCHEMA lite"#,
        ).await;
        let refused = rig.run_with(&rig.plan()).await.done.unwrap_err().to_string();
        assert!(refused.contains("--schema lite"), "{refused}");
        let url = format!("{}?schema=lite", rig.source.url);
        for plan in [
            Plan { from: elsewhere(&url), ..rig.plan() },
            Plan { schema: Some("lite".to_owned()), ..rig.plan() },
        ] {
            let said = rig.run_with(&Plan { dry_run: true, ..plan }).await;
            assert!(said.done.is_ok(), "{:?}", said.done);
        }
        rig.source.run(r#"DROP SCHEMA lite CASCADE"#).await;
        let refused = rig.run_with(&rig.plan()).await.done.unwrap_err().to_string();
        assert!(refused.contains("DATABASE_URL that LiteLLM runs with"), "{refused}");
        let plan = Plan { from: elsewhere("sqlite:///nowhere.db"), ..rig.plan() };
        let refused = rig.run_with(&plan).await.done.unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL"), "{refused}");
        rig.remove().await;
    }

    async fn each_refusal_of_the_source_says_its_cure(rig: Rig) {
        let url = url::Url::parse(&rig.source.url).unwrap();
        let with = |change: &dyn Fn(&mut url::Url)| {
            let mut other = url.clone();
            change(&mut other);
            elsewhere(other.as_str())
        };
        let reader = format!("reader_{:08x}", rand::random::<u32>());
        rig.source.run(&format!(
            "CREATE ROLE {reader} LOGIN PASSWORD 'r'"
        )).await;
        for (from, cure) in [
            (with(&|it| it.set_path("/no_such_database")), "createdb"),
            (with(&|it| it.set_password(Some("wrong")).unwrap()), "user name or password"),
            (with(&|it| it.set_port(Some(1)).unwrap()), "host and port"),
            (
                with(&|it| {
                    it.set_username(&reader).unwrap();
                    it.set_password(Some("r")).unwrap();
                }),
                "GRANT SELECT ON ALL TABLES",
            ),
        ] {
            let refused = rig.run_with(&Plan { from, ..rig.plan() }).await.done.unwrap_err();
            let refused = refused.to_string();
            assert!(refused.starts_with("LiteLLM's database: "), "{refused}");
            assert!(refused.contains(cure), "{refused}");
            assert!(is_untouched(&rig));
        }
        rig.source.run(&format!("DROP ROLE {reader}")).await;
        rig.remove().await;
    }
}
