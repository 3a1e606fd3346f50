//! End users and tags.

use std::collections::BTreeSet;

use super::fields::{Notes, keep, some, stamp};
use super::sums::{Spent, window_end};
use super::{Done, Item, Move, permission_of};
use crate::domain::{Entity, EntityKind};
use crate::store::litellm::{EndUser, Table, Tag};
use crate::store::{EndUserDoc, EndUserRow, Stamp, TagDoc, TagRow};

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
                let spent = Spent::of_window(it.spend, &days, &id);
                let entity = Entity::new(EntityKind::EndUser, id.as_str());
                let permission = permission_of(&permissions, it.object_permission_id.as_ref());
                let mut row = end_user(it, now_ms);
                keep(&mut row.doc.rest, "object_permission", permission);
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
                let spent = Spent::of_window(it.spend, &days, &id);
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
        stamp: stamp(now_ms, it.made),
        doc: TagDoc {
            description: some(it.description),
            models: it.models,
            ..TagDoc::default()
        },
    };
    keep(&mut row.doc.rest, "model_info", it.model_info);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_users_and_tags_keep_their_fields() {
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
    }
}
