//! What arrives.

use super::rig::{KEY, OTHER, ROTATED, Rig, at, both, ever, salt, spent, usd};
use crate::domain::EntityKind;
use crate::store::tests::NOW;
use crate::store::{
    AccessGroupRow, AuditFilter, ConfigRow, CredentialRow, Dimension, EndUserRow, InvitationRow,
    KeyRow, ModelRow, OrganizationMemberRow, SpendFilter, TOTAL, TagRow, TeamMemberRow, UserRow,
    WHOLE,
};

both! {
    async fn a_key_arrives_with_everybody_behind_it(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let holder = store.holder(KEY, NOW).await.unwrap().unwrap();
        assert_eq!(holder.key.alias.as_deref(), Some("ci"));
        assert_eq!(holder.key.max_budget, Some(usd(5.0)));
        assert_eq!(holder.key.expires_at, at("2030-01-01T00:00:00"));
        assert_eq!(holder.key.doc.limits.rpm_limit, Some(60));
        let team = holder.team.unwrap();
        assert_eq!(team.doc.model_aliases["fast"], "gpt-4o-mini");
        assert_eq!(team.doc.rest["object_permission"]["mcp_servers"][0], "server");
        assert_eq!(holder.user.unwrap().doc.password_hash.as_deref(), Some("scrypt:x"));
        assert_eq!(holder.member.unwrap().role, "admin");
        assert_eq!(holder.member_budget.unwrap().max_budget, Some(usd(2.5)));
        assert_eq!(holder.organization_budget.unwrap().id, "b");
        let rotated = store.holder(ROTATED, NOW).await.unwrap().unwrap();
        assert_eq!(rotated.key.id, KEY);
        assert_eq!(rotated.revoked_at, at("2029-01-01T00:00:00"));
        let seat: OrganizationMemberRow = store.get("o/u").await.unwrap().unwrap();
        assert_eq!(seat.role.as_deref(), Some("org_admin"));
        let end_user: EndUserRow = store.get("customer").await.unwrap().unwrap();
        assert!(end_user.blocked);
        let tag: TagRow = store.get("prod").await.unwrap().unwrap();
        assert_eq!(tag.budget_id.as_deref(), Some("b"));
        let group: AccessGroupRow = store.get("g").await.unwrap().unwrap();
        assert_eq!(group.doc.models, ["gpt-4o"]);
        assert_eq!(group.doc.rest["budget_id"], "b");
        let of_models: AccessGroupRow = store.get("beta").await.unwrap().unwrap();
        assert_eq!((of_models.name.as_str(), &of_models.doc.rest["budget_id"]), ("beta", &"b".into()));
        let invitation: InvitationRow = store.get("i").await.unwrap().unwrap();
        assert_eq!(invitation.expires_at, at("2027-01-01T00:00:00").unwrap());
        store.close().await;
        rig.remove().await;
    }

    async fn secrets_open_with_our_salt_key_only(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let model: ModelRow = store.get("m").await.unwrap().unwrap();
        let credential: CredentialRow = store.get("openai").await.unwrap().unwrap();
        let settings: ConfigRow = store.get("environment_variables").await.unwrap().unwrap();
        for sealed in [&model.sealed, &credential.sealed, &settings.sealed] {
            let opened = salt("ours").open_all(sealed).unwrap();
            assert!(opened.values().any(|it| it.reveal() == "sk-live"));
            assert!(salt("theirs").open_all(sealed).is_err());
        }
        assert_eq!(model.doc.params["rpm"], 5);
        let settings: ConfigRow = store.get("litellm_settings").await.unwrap().unwrap();
        assert_eq!(settings.doc["drop_params"], true);
        store.close().await;
        rig.remove().await;
    }

    async fn sums_are_what_litellm_counted(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        let (january, february) = (at("2027-01-01T00:00:00"), at("2027-02-01T00:00:00"));
        // Of the days, 0.4 are the key's and its user's: more than LiteLLM says of either.
        for (kind, id, span, expected) in [
            (EntityKind::Key, KEY, WHOLE, (0.1, january)),
            (EntityKind::Key, KEY, TOTAL, (0.4, None)),
            (EntityKind::User, "u", WHOLE, (0.5, february)),
            (EntityKind::User, "u", TOTAL, (0.5, None)),
            (EntityKind::Team, "t", WHOLE, (1.25, None)),
            (EntityKind::Team, "t", "1d", (0.125, january)),
            (EntityKind::TeamMember, "t/u", WHOLE, (0.0625, january)),
            (EntityKind::Organization, "o", WHOLE, (0.75, january)),
            (EntityKind::EndUser, "customer", WHOLE, (0.2, january)),
            (EntityKind::Tag, "prod", TOTAL, (0.4, None)),
            (EntityKind::AccessGroup, "Group", WHOLE, (0.3, january)),
            (EntityKind::AccessGroup, "beta", TOTAL, (0.6, None)),
            (EntityKind::Proxy, "", WHOLE, (4.5, january)),
            (EntityKind::Proxy, "", TOTAL, (0.45, None)),
        ] {
            let found = spent(&store, kind, id, span).await;
            assert_eq!(found, Some(expected), "{kind:?} {id} {span}");
        }
        store.close().await;
        rig.remove().await;
    }

    async fn days_stand_in_the_usage_pages(rig: Rig) {
        rig.run().await;
        let store = rig.store().await;
        for (kind, spent, requests) in [
            (EntityKind::Proxy, 0.45, 4),
            (EntityKind::User, 0.4, 3),
            (EntityKind::Key, 0.45, 4),
        ] {
            let filter = ever(kind);
            let days = store.usage(&filter, &[Dimension::Day]).await.unwrap();
            assert_eq!(days.len(), 2);
            let all = store.usage(&filter, &[]).await.unwrap();
            assert_eq!(all[0].sums.spent, usd(spent), "{kind:?}");
            assert_eq!(all[0].sums.requests, requests, "{kind:?}");
        }
        store.close().await;
        rig.remove().await;
    }

    async fn the_log_of_calls_comes_when_asked_and_costs_nobody_again(rig: Rig) {
        let plan = crate::migrate::Plan { spend_logs: true, ..rig.plan() };
        assert!(rig.run_with(&plan).await.done.is_ok());
        let again = rig.run_with(&plan).await;
        assert_eq!(again.count("LiteLLM_SpendLogs", "same"), 1);
        let store = rig.store().await;
        let rows = store.spend_rows(&SpendFilter::default(), None, 9).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].call_id.as_str(), rows[0].cost), ("chatcmpl-1", Some(usd(0.25))));
        assert_eq!(rows[0].key_hash, KEY);
        let team = spent(&store, EntityKind::Team, "t", TOTAL).await;
        assert_eq!(team, Some((1.25, None)));
        store.close().await;
        rig.remove().await;
    }

    async fn the_log_of_a_gateway_without_rows_is_found_by_model_and_tag(rig: Rig) {
        rig.source.run(
            r#"TRUNCATE "LiteLLM_BudgetTable", "LiteLLM_OrganizationTable", "LiteLLM_UserTable",
               "LiteLLM_OrganizationMembership", "LiteLLM_TeamTable", "LiteLLM_TeamMembership",
               "LiteLLM_VerificationToken", "LiteLLM_DeprecatedVerificationToken",
               "LiteLLM_EndUserTable", "LiteLLM_TagTable", "LiteLLM_AccessGroupTable",
               "LiteLLM_ModelAccessGroupBudgetTable", "LiteLLM_CredentialsTable",
               "LiteLLM_ProxyModelTable", "LiteLLM_Config", "LiteLLM_InvitationLink",
               "LiteLLM_BudgetWindowSpend", "LiteLLM_DailyUserSpend""#,
        ).await;
        let plan = crate::migrate::Plan { spend_logs: true, ..rig.plan() };
        assert!(rig.run_with(&plan).await.done.is_ok());
        let store = rig.store().await;
        for filter in [
            SpendFilter { model: Some("gpt-4o".to_owned()), ..SpendFilter::default() },
            SpendFilter { tag: Some("a".to_owned()), ..SpendFilter::default() },
        ] {
            let rows = store.spend_rows(&filter, None, 9).await.unwrap();
            assert_eq!(rows.len(), 1, "{filter:?}");
        }
        store.close().await;
        rig.remove().await;
    }

    async fn each_row_is_told_and_what_has_no_counterpart_is_named(rig: Rig) {
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "made");
        let other = said.of("LiteLLM_VerificationToken", OTHER);
        assert!(other["notes"].to_string().contains("`ci` is that of another key"), "{other}");
        let of_ui = "d".repeat(64);
        assert_eq!(said.fate("LiteLLM_VerificationToken", &of_ui), "left_out");
        assert_eq!(said.fate("LiteLLM_UserTable", "litellm-proxy-budget"), "left_out");
        assert_eq!(said.fate("LiteLLM_TeamMembership", "t/left"), "left_out");
        assert_eq!(said.fate("LiteLLM_Config", "ui_theme"), "left_out");
        assert_eq!(said.count("LiteLLM_PromptTable", "left_out"), 2);
        assert_eq!(said.count("LiteLLM_SpendLogs", "left_out"), 1);
        assert_eq!(said.count("LiteLLM_VerificationToken", "made"), 2);
        let store = rig.store().await;
        let log = store.audit_log(&AuditFilter::default(), 9).await.unwrap();
        assert_eq!((log.len(), log[0].1.action.as_str()), (1, "migrated"));
        store.close().await;
        rig.remove().await;
    }

    async fn who_is_named_and_has_no_row_gets_one_that_may_little(rig: Rig) {
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_UserTable", "nobody"), "made");
        assert_eq!(said.fate("LiteLLM_UserTable", "guest"), "made");
        assert_eq!(said.fate("LiteLLM_TeamTable", "gone"), "made");
        let store = rig.store().await;
        let nobody: UserRow = store.get("nobody").await.unwrap().unwrap();
        assert_eq!(nobody.role.as_deref(), Some("internal_user_viewer"));
        let guest: TeamMemberRow = store.get("t/guest").await.unwrap().unwrap();
        assert_eq!(guest.role, "user");
        let other: KeyRow = store.get(OTHER).await.unwrap().unwrap();
        assert!(other.blocked);
        assert_eq!(other.alias.as_deref(), Some("ci (bbbbbbbb)"));
        store.close().await;
        rig.remove().await;
    }

    async fn a_row_that_cannot_be_read_is_named_and_the_rest_moves(rig: Rig) {
        rig.source.run(
            r#"UPDATE "LiteLLM_EndUserTable" SET spend = 'NaN';
               ALTER TABLE "LiteLLM_TagTable" ALTER models TYPE TEXT USING 'none';
               UPDATE "LiteLLM_CredentialsTable" SET credential_values = '{"api_key": "v2:gcm:no"}'"#,
        ).await;
        let said = rig.run().await;
        let end_user = said.of("LiteLLM_EndUserTable", "customer");
        assert!(end_user["notes"][0].as_str().unwrap().contains("NaN"), "{end_user}");
        assert_eq!(said.fate("LiteLLM_TagTable", "prod"), "left_out");
        let credential = said.of("LiteLLM_CredentialsTable", "openai");
        assert!(credential["notes"][0].as_str().unwrap().contains("`api_key`"), "{credential}");
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "made");
        rig.remove().await;
    }

    async fn an_older_litellm_lacks_tables_and_moves(rig: Rig) {
        rig.source.run(
            r#"DROP TABLE "LiteLLM_DailyUserSpend", "LiteLLM_SpendLogs", "LiteLLM_TagTable",
               "LiteLLM_DeprecatedVerificationToken", "LiteLLM_BudgetWindowSpend",
               "LiteLLM_ObjectPermissionTable", "LiteLLM_CredentialsTable";
               ALTER TABLE "LiteLLM_VerificationToken" DROP total_spend, DROP metadata"#,
        ).await;
        let said = rig.run().await;
        assert_eq!(said.fate("LiteLLM_VerificationToken", KEY), "made");
        let store = rig.store().await;
        assert_eq!(spent(&store, EntityKind::Key, KEY, TOTAL).await, Some((0.1, None)));
        store.close().await;
        rig.remove().await;
    }
}
