//! End users, tags and access groups.

use std::collections::BTreeSet;

use super::fields::{Notes, keep, some, stamp};
use super::sums::{Spent, window_end};
use super::{Done, Item, Move};
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::litellm::{AccessGroup, EndUser, Table, Tag};
use crate::store::{AccessGroupRow, EndUserDoc, EndUserRow, Filter, Query, Stamp, TagDoc, TagRow};

impl Move<'_, '_> {
    pub(super) async fn end_users(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<EndUser>(&mut after).await? {
            let ids: BTreeSet<String> = page.iter().map(|it| it.user_id.clone()).collect();
            let days = self.days_of(EntityKind::EndUser, &ids).await?;
            let named = page.iter().filter_map(|it| it.budget_id.clone()).collect();
            let budgets = self.named_budgets(named).await?;
            let permissions = page.iter().filter_map(|it| it.object_permission_id.clone());
            let permissions = self.object_permissions(permissions.collect()).await?;
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| {
                let id = it.user_id.clone();
                let budget = it.budget_id.as_ref().and_then(|it| budgets.get(it));
                let end = window_end((None, None, None), budget);
                let spent = Spent {
                    window: it.spend,
                    total: Usd::ZERO,
                    days: days.get(&id).copied().unwrap_or_default(),
                };
                let entity = Entity::new(EntityKind::EndUser, id.as_str());
                let permission = it.object_permission_id.as_ref();
                let permission = permission.and_then(|it| permissions.get(it)).cloned();
                let mut row = end_user(it, now_ms);
                keep(
                    &mut row.doc.rest,
                    "object_permission",
                    permission.unwrap_or_default(),
                );
                let blocked = if row.blocked { ", blocked" } else { "" };
                Item {
                    id,
                    becomes: format!("end user{blocked}{}", spent.shown(end)),
                    row,
                    beside: String::new(),
                    notes: Notes::default(),
                    sums: spent.sums(&entity, end),
                }
            });
            self.bring(EndUser::NAME, items.collect()).await?;
        }
        Ok(())
    }

    pub(super) async fn tags(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Tag>(&mut after).await? {
            let ids: BTreeSet<String> = page.iter().map(|it| it.tag_name.clone()).collect();
            let days = self.days_of(EntityKind::Tag, &ids).await?;
            let named = page.iter().filter_map(|it| it.budget_id.clone()).collect();
            let budgets = self.named_budgets(named).await?;
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| {
                let id = it.tag_name.clone();
                let budget = it.budget_id.as_ref().and_then(|it| budgets.get(it));
                let end = window_end((None, None, None), budget);
                let spent = Spent {
                    window: it.spend,
                    total: Usd::ZERO,
                    days: days.get(&id).copied().unwrap_or_default(),
                };
                let entity = Entity::new(EntityKind::Tag, id.as_str());
                Item {
                    id,
                    becomes: format!("tag{}", spent.shown(end)),
                    row: tag(it, now_ms),
                    beside: String::new(),
                    notes: Notes::default(),
                    sums: spent.sums(&entity, end),
                }
            });
            self.bring(Tag::NAME, items.collect()).await?;
        }
        Ok(())
    }

    pub(super) async fn access_groups(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<AccessGroup>(&mut after).await? {
            let names = page.iter().map(|it| it.access_group_name.as_str().into());
            let query = Query::new().with(Filter::In("name", names.collect()));
            let here = self.change.list::<AccessGroupRow>(&query).await;
            let here = here.map_err(super::MigrateError::Target)?.rows;
            let mut items = Vec::with_capacity(page.len());
            for it in page {
                let taken = here.iter().any(|other| {
                    other.name == it.access_group_name && other.id != it.access_group_id
                });
                if taken {
                    let why = format!(
                        "an access group `{}` is here already; rename one of them",
                        it.access_group_name
                    );
                    self.report
                        .left_out(AccessGroup::NAME, it.access_group_id, why);
                    continue;
                }
                items.push(access_group(it, self.now_ms));
            }
            self.bring(AccessGroup::NAME, items).await?;
        }
        Ok(())
    }
}

fn end_user(it: EndUser, now_ms: i64) -> EndUserRow {
    let mut row = EndUserRow {
        id: it.user_id,
        alias: some(it.alias),
        budget_id: some(it.budget_id),
        blocked: it.blocked,
        stamp: Stamp::new(now_ms, super::ACTOR),
        doc: EndUserDoc {
            default_model: some(it.default_model),
            allowed_model_region: some(it.allowed_model_region),
            ..EndUserDoc::default()
        },
    };
    keep(&mut row.doc.rest, "models", it.models);
    row
}

fn tag(it: Tag, now_ms: i64) -> TagRow {
    let mut row = TagRow {
        id: it.tag_name,
        budget_id: some(it.budget_id),
        stamp: stamp(
            now_ms,
            (it.created_at, it.created_by),
            (it.updated_at, None),
        ),
        doc: TagDoc {
            description: some(it.description),
            models: it.models,
            ..TagDoc::default()
        },
    };
    keep(&mut row.doc.rest, "model_info", it.model_info);
    row
}

fn access_group(it: AccessGroup, now_ms: i64) -> Item<AccessGroupRow> {
    let mut row = AccessGroupRow {
        id: it.access_group_id,
        name: it.access_group_name,
        stamp: stamp(
            now_ms,
            (it.created_at, it.created_by),
            (it.updated_at, it.updated_by),
        ),
        ..AccessGroupRow::default()
    };
    row.doc.description = some(it.description);
    row.doc.models = it.access_model_names;
    keep(
        &mut row.doc.rest,
        "access_mcp_server_ids",
        it.access_mcp_server_ids,
    );
    keep(&mut row.doc.rest, "access_agent_ids", it.access_agent_ids);
    Item {
        id: row.id.clone(),
        becomes: format!("access group `{}`", row.name),
        row,
        beside: String::new(),
        notes: Notes::default(),
        sums: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_users_tags_and_groups_keep_their_fields() {
        let row = end_user(
            EndUser {
                user_id: "customer".to_owned(),
                alias: Some("Customer".to_owned()),
                blocked: true,
                default_model: Some("m".to_owned()),
                allowed_model_region: Some("eu".to_owned()),
                budget_id: Some("b".to_owned()),
                ..EndUser::default()
            },
            1,
        );
        assert!(row.blocked);
        assert_eq!(row.budget_id.as_deref(), Some("b"));
        assert_eq!(row.doc.default_model.as_deref(), Some("m"));
        assert_eq!(row.doc.allowed_model_region.as_deref(), Some("eu"));
        let row = tag(
            Tag {
                tag_name: "prod".to_owned(),
                description: Some("d".to_owned()),
                models: vec!["m".to_owned()],
                ..Tag::default()
            },
            1,
        );
        assert_eq!((row.id.as_str(), row.doc.models[0].as_str()), ("prod", "m"));
        let item = access_group(
            AccessGroup {
                access_group_id: "g".to_owned(),
                access_group_name: "Group".to_owned(),
                access_model_names: vec!["m".to_owned()],
                access_mcp_server_ids: vec!["s".to_owned()],
                ..AccessGroup::default()
            },
            1,
        );
        assert_eq!(item.row.doc.models, ["m"]);
        assert_eq!(item.row.doc.rest["access_mcp_server_ids"][0], "s");
    }
}
