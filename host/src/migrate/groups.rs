//! Access groups, and what their models may cost together.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Notes, keep, some, stamp};
use super::sums::{Spent, window_end};
use super::{Done, Item, MigrateError, Move};
use crate::domain::{Entity, EntityKind};
use crate::store::litellm::{AccessGroup, Budget, GroupBudget, Table};
use crate::store::{AccessGroupRow, Filter, Query};

/// Why a group stays out that is here under another id.
fn taken(name: &str) -> String {
    format!("an access group `{name}` is here already; rename one of them")
}

impl Move<'_, '_> {
    /// Groups, each with its budget. Of groups that only models name there is a row here if they
    /// have one.
    pub(super) async fn access_groups(&mut self) -> Done {
        let mut budgets = self.group_budgets().await?;
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<AccessGroup>(&mut after).await? {
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| {
                let mut item = access_group(it, now_ms);
                if let Some((group, budget)) = budgets.remove(&item.row.name) {
                    spends(&mut item, group, budget.as_ref());
                }
                item
            });
            let items = items.collect();
            self.bring_groups(AccessGroup::NAME, items).await?;
        }
        let now_ms = self.now_ms;
        let items = budgets.into_values().map(|(group, budget)| {
            let mut item = of_models(&group, now_ms);
            spends(&mut item, group, budget.as_ref());
            item
        });
        self.bring_groups(GroupBudget::NAME, items.collect()).await
    }

    /// Budgets of groups by the group's name, each with the limits that it names.
    async fn group_budgets(
        &mut self,
    ) -> Result<BTreeMap<String, (GroupBudget, Option<Budget>)>, MigrateError> {
        let mut all = BTreeMap::new();
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<GroupBudget>(&mut after).await? {
            let named = page.iter().filter_map(|it| it.budget_id.clone()).collect();
            let mut budgets = self.named_budgets(named).await?;
            for it in page {
                let budget = it.budget_id.as_ref().and_then(|id| budgets.remove(id));
                all.insert(it.access_group_name.clone(), (it, budget));
            }
        }
        Ok(all)
    }

    async fn bring_groups(
        &mut self,
        table: &'static str,
        items: Vec<Item<AccessGroupRow>>,
    ) -> Done {
        if items.is_empty() {
            return Ok(());
        }
        let names: BTreeSet<&str> = items.iter().map(|it| it.row.name.as_str()).collect();
        let names = names.into_iter().map(Into::into).collect();
        let query = Query::new().with(Filter::In("name", names));
        let here = self.change.list::<AccessGroupRow>(&query).await;
        let here = here.map_err(MigrateError::Target)?.rows;
        let mut good = Vec::with_capacity(items.len());
        for it in items {
            let other = |row: &AccessGroupRow| row.name == it.row.name && row.id != it.row.id;
            if here.iter().any(other) {
                let why = taken(&it.row.name);
                self.report.left_out(table, it.id, why);
            } else {
                good.push(it);
            }
        }
        self.bring(table, good).await
    }
}

fn access_group(it: AccessGroup, now_ms: i64) -> Item<AccessGroupRow> {
    let mut row = AccessGroupRow {
        id: it.access_group_id,
        name: it.access_group_name,
        stamp: stamp(now_ms, it.made),
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
    item(row)
}

/// A group that models name in their `model_info`.
fn of_models(it: &GroupBudget, now_ms: i64) -> Item<AccessGroupRow> {
    item(AccessGroupRow {
        id: it.access_group_name.clone(),
        name: it.access_group_name.clone(),
        stamp: stamp(now_ms, it.made.clone()),
        ..AccessGroupRow::default()
    })
}

fn item(row: AccessGroupRow) -> Item<AccessGroupRow> {
    Item {
        id: row.id.clone(),
        becomes: format!("access group `{}`", row.name),
        row,
        beside: String::new(),
        notes: Notes::default(),
        sums: Vec::new(),
    }
}

/// Gives a group its budget, and what was spent of it.
fn spends(item: &mut Item<AccessGroupRow>, group: GroupBudget, budget: Option<&Budget>) {
    let end = window_end((None, None, None), budget);
    let spent = Spent {
        window: group.spend,
        ..Spent::default()
    };
    if let Some(id) = some(group.budget_id) {
        item.becomes.push_str(&format!(" with budget `{id}`"));
        item.row.doc.rest.insert("budget_id".to_owned(), id.into());
    }
    item.becomes.push_str(&spent.shown(end));
    let entity = Entity::new(EntityKind::AccessGroup, item.row.name.as_str());
    item.sums = spent.sums(&entity, end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;

    fn group() -> Item<AccessGroupRow> {
        let group = AccessGroup {
            access_group_id: "g".to_owned(),
            access_group_name: "Group".to_owned(),
            access_model_names: vec!["m".to_owned()],
            access_mcp_server_ids: vec!["s".to_owned()],
            ..AccessGroup::default()
        };
        access_group(group, 1)
    }

    #[test]
    fn a_group_keeps_its_fields() {
        let item = group();
        assert_eq!(item.row.doc.models, ["m"]);
        assert_eq!(item.row.doc.rest["access_mcp_server_ids"][0], "s");
        assert!(item.sums.is_empty() && !item.row.doc.rest.contains_key("budget_id"));
    }

    #[test]
    fn a_group_has_the_budget_that_litellm_keeps_beside_it() {
        let mut item = group();
        let of_group = GroupBudget {
            access_group_name: "Group".to_owned(),
            spend: Usd::from_dollars(0.5).unwrap(),
            budget_id: Some("b".to_owned()),
            ..GroupBudget::default()
        };
        let budget = Budget {
            budget_duration: Some("30d".to_owned()),
            budget_reset_at: Some(7),
            ..Budget::default()
        };
        spends(&mut item, of_group, Some(&budget));
        assert_eq!(item.row.doc.rest["budget_id"], "b");
        assert_eq!(item.sums[1].spent, Usd::from_dollars(0.5).unwrap());
        assert_eq!(
            (item.sums[1].reset_at, &*item.sums[1].entity.id),
            (Some(7), "Group")
        );
    }
}
