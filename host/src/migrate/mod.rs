//! Moving in from LiteLLM: what each of its rows becomes here, and what becomes of it at a second
//! run, when both sides have changed.
//!
//! Everything but the history of spend moves in one transaction: a key never arrives without its
//! team. History follows in transactions of its own and may be brought again from the start. The
//! source is read in one read-only transaction. This room knows no SQL and no request.

mod budgets;
mod error;
mod fields;
mod groups;
mod history;
mod keys;
mod logs;
mod others;
mod people;
mod report;
mod secrets;
mod settings;
mod sums;
mod teams;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::config::Env;
use crate::store::litellm::{Found, LiteLlm, ObjectPermission, Table};
use crate::store::{
    Address, Arriving, AuditEntry, BroughtSum, BudgetRow, Change, KeyRow, OrganizationMemberRow,
    OrganizationRow, Record, SaltKey, Store, StoreError, TeamMemberRow, TeamRow, UserRow,
};

pub use error::MigrateError;
pub use report::{Fate, Line, Report, Style};

use fields::{ACTOR, Notes};
use secrets::Secrets;

/// What is to be moved, and how.
#[derive(Debug)]
pub struct Plan {
    /// LiteLLM's database.
    pub from: Address,
    /// Where its tables are, if the address does not say.
    pub schema: Option<String>,
    /// Ours.
    pub to: Address,
    /// What opens LiteLLM's secrets.
    pub their_salt: SaltKey,
    /// What seals them here.
    pub our_salt: SaltKey,
    /// The gateway's config file: with it every model has to work.
    pub config: Option<PathBuf>,
    /// Parameters may name variables of the environment.
    pub env: Env,
    pub dry_run: bool,
    /// Move the log of calls as well.
    pub spend_logs: bool,
    /// Take the source's row where it was changed or deleted here.
    pub overwrite: bool,
}

/// Moves, or says what would be moved; the report has a line for every row.
///
/// # Errors
/// A database refuses, the salt key is wrong, or it is another LiteLLM's than before.
pub async fn litellm(
    plan: &Plan,
    now_ms: i64,
    report: &mut Report<'_>,
) -> Result<(), MigrateError> {
    for remark in &plan.from.remarks {
        report.say(remark);
    }
    let opened = LiteLlm::open(&plan.from, plan.schema.as_deref()).await;
    let mut source = opened.map_err(MigrateError::Source)?;
    // Before anything is written, or a file made.
    let secrets = Secrets::read(&mut source, &plan.their_salt).await?;
    let done = if plan.dry_run {
        let rehearsal = Store::rehearse(&plan.to, now_ms).await;
        let change = rehearsal.map_err(MigrateError::Target)?;
        let moving = Move::begin(plan, &mut source, change, report, now_ms).await?;
        drop(moving.everything(&secrets).await?);
        history::bring(plan, &mut source, None, report).await
    } else {
        let store = Store::open(&plan.to, now_ms).await;
        let store = store.map_err(MigrateError::Target)?;
        let change = store.change(now_ms).await.map_err(MigrateError::Target)?;
        let moving = Move::begin(plan, &mut source, change, report, now_ms).await?;
        let mut change = moving.everything(&secrets).await?;
        change.audit(entry(plan, report, now_ms));
        change.commit().await.map_err(MigrateError::Target)?;
        let done = history::bring(plan, &mut source, Some(&store), report).await;
        store.close().await;
        done
    };
    source.close().await;
    done
}

/// What the audit log says of a run.
fn entry(plan: &Plan, report: &Report<'_>, now_ms: i64) -> AuditEntry {
    AuditEntry {
        at: now_ms,
        actor: ACTOR.to_owned(),
        actor_key: None,
        action: "migrated".to_owned(),
        kind: "database".to_owned(),
        id: plan.from.to_string(),
        before: None,
        after: Some(report.counts().to_string()),
    }
}

/// A move under way.
struct Move<'m, 'w> {
    plan: &'m Plan,
    source: &'m mut LiteLlm,
    change: Change,
    report: &'m mut Report<'w>,
    now_ms: i64,
    run: i64,
}

/// A row on its way.
struct Item<R> {
    /// What names it at the source.
    id: String,
    row: R,
    beside: String,
    becomes: String,
    notes: Notes,
    sums: Vec<BroughtSum>,
}

type Done = Result<(), MigrateError>;

impl<'m, 'w> Move<'m, 'w> {
    async fn begin(
        plan: &'m Plan,
        source: &'m mut LiteLlm,
        mut change: Change,
        report: &'m mut Report<'w>,
        now_ms: i64,
    ) -> Result<Self, MigrateError> {
        let run = change.begin_run().await.map_err(MigrateError::Target)?;
        let mut this = Self {
            plan,
            source,
            change,
            report,
            now_ms,
            run,
        };
        this.same_source().await?;
        Ok(this)
    }

    /// Everything but history, each kind after those that it names.
    async fn everything(mut self, secrets: &Secrets) -> Result<Change, MigrateError> {
        self.budgets().await?;
        self.organizations().await?;
        self.users().await?;
        self.organization_members().await?;
        self.teams(secrets).await?;
        self.keys().await?;
        self.rotated_keys().await?;
        self.end_users().await?;
        self.tags().await?;
        self.access_groups().await?;
        self.credentials(secrets).await?;
        self.models(secrets).await?;
        self.settings(secrets).await?;
        self.invitations().await?;
        self.sums_of_no_row().await?;
        self.departures().await?;
        Ok(self.change)
    }

    /// Rows that are gone from the source, each kind before those that it names.
    async fn departures(&mut self) -> Done {
        use crate::store::{
            AccessGroupRow, ConfigRow, CredentialRow, EndUserRow, InvitationRow, ModelRow, TagRow,
        };
        self.depart::<InvitationRow>("LiteLLM_InvitationLink")
            .await?;
        self.depart::<ConfigRow>("LiteLLM_Config").await?;
        self.depart::<ModelRow>("LiteLLM_ProxyModelTable").await?;
        self.depart::<CredentialRow>("LiteLLM_CredentialsTable")
            .await?;
        self.depart::<AccessGroupRow>("LiteLLM_AccessGroupTable")
            .await?;
        self.depart::<TagRow>("LiteLLM_TagTable").await?;
        self.depart::<EndUserRow>("LiteLLM_EndUserTable").await?;
        self.depart::<KeyRow>("LiteLLM_VerificationToken").await?;
        self.depart::<TeamMemberRow>("LiteLLM_TeamMembership")
            .await?;
        self.depart::<TeamRow>("LiteLLM_TeamTable").await?;
        self.depart::<OrganizationMemberRow>("LiteLLM_OrganizationMembership")
            .await?;
        self.depart::<UserRow>("LiteLLM_UserTable").await?;
        self.depart::<OrganizationRow>("LiteLLM_OrganizationTable")
            .await?;
        self.depart::<BudgetRow>("LiteLLM_BudgetTable").await
    }

    async fn depart<R: Record + Default>(&mut self, table: &'static str) -> Done {
        let gone = self.change.depart::<R>(self.run, self.plan.overwrite).await;
        self.report
            .departures(table, gone.map_err(MigrateError::Target)?);
        Ok(())
    }

    /// A later run against another database would take its rows for deleted ones.
    async fn same_source(&mut self) -> Done {
        let known = self.change.brought::<KeyRow>(1_000).await;
        let known: BTreeSet<String> = known.map_err(MigrateError::Target)?.into_iter().collect();
        if known.is_empty() {
            return Ok(());
        }
        let found = self.source.find::<crate::store::litellm::Key>(&known).await;
        if found.map_err(MigrateError::Source)?.is_empty() {
            return Err(MigrateError::OtherSource { keys: known.len() });
        }
        Ok(())
    }

    /// A page of a table after the last one; rows that cannot be read are named and left out.
    async fn page<T: Table>(
        &mut self,
        after: &mut Option<Vec<String>>,
    ) -> Result<Option<Vec<T>>, MigrateError> {
        let Some(from) = after.take() else {
            return Ok(None);
        };
        let page = self.source.page::<T>(&from).await;
        let page = page.map_err(MigrateError::Source)?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        *after = Some(last.key.clone());
        let rows = self.report.told(T::NAME).saturating_add(length(&page));
        self.report.far(T::NAME, format_args!("{rows} rows"));
        Ok(Some(self.readable(page)))
    }

    fn readable<T: Table>(&mut self, found: Vec<Found<T>>) -> Vec<T> {
        let mut rows = Vec::with_capacity(found.len());
        for it in found {
            let id = it.id();
            match it.row {
                Ok(row) => rows.push(row),
                Err(why) => {
                    let cure = format!("it cannot be read ({why}); correct it in LiteLLM");
                    self.report.left_out(T::NAME, id, cure);
                }
            }
        }
        rows
    }

    /// Brings rows and their sums, and tells of each.
    async fn bring<R: Record + Clone>(&mut self, table: &'static str, items: Vec<Item<R>>) -> Done {
        self.bring_all(table, items, false).await
    }

    /// `quietly`: only of what is new.
    async fn bring_all<R: Record + Clone>(
        &mut self,
        table: &'static str,
        items: Vec<Item<R>>,
        quietly: bool,
    ) -> Done {
        let rows: Vec<&R> = items.iter().map(|it| &it.row).collect();
        let hindrances = self.change.hindrances(&rows).await;
        let hindrances = hindrances.map_err(MigrateError::Target)?;
        let mut good = Vec::with_capacity(items.len());
        for (item, hindrance) in items.into_iter().zip(hindrances) {
            match hindrance {
                None => good.push(item),
                Some(why) => self.report.left_out(table, item.id, hindered(&why)),
            }
        }
        let arriving: Vec<Arriving<R>> = good
            .iter()
            .map(|it| Arriving {
                row: it.row.clone(),
                beside: it.beside.clone(),
            })
            .collect();
        let overwrite = self.plan.overwrite;
        let arrivals = self.change.bring(&arriving, self.run, overwrite).await;
        let mut sums = Vec::new();
        for (item, arrival) in good
            .into_iter()
            .zip(arrivals.map_err(MigrateError::Target)?)
        {
            let fate = Fate::from(arrival);
            if !matches!(fate, Fate::Taken | Fate::DeletedHere) {
                sums.extend(item.sums);
            }
            if !quietly || matches!(fate, Fate::Made | Fate::Updated) {
                self.report.line(Line {
                    table,
                    id: item.id,
                    fate,
                    becomes: item.becomes,
                    notes: item.notes.0,
                });
            }
        }
        self.bring_sums(&sums).await
    }

    /// Accounts are left alone in a dry run: a running gateway would have to wait for them.
    async fn bring_sums(&mut self, sums: &[BroughtSum]) -> Done {
        if self.plan.dry_run {
            return Ok(());
        }
        let brought = self.change.bring_sums(sums).await;
        brought.map_err(MigrateError::Target)
    }

    /// Rows that others name and that the source does not have: LiteLLM asks for none of them.
    async fn stand_ins<R: Record + Clone>(
        &mut self,
        table: &'static str,
        ids: BTreeSet<String>,
        make: impl Fn(String) -> R,
        becomes: &str,
    ) -> Done {
        // `/` parts the ids of memberships.
        let ids = ids.into_iter().filter(|id| !id.contains('/')).collect();
        let unseen = self.change.unseen::<R>(&ids, self.run).await;
        let items = unseen.map_err(MigrateError::Target)?.into_iter();
        let items = items.map(|id| Item {
            id: id.clone(),
            row: make(id),
            beside: String::new(),
            becomes: becomes.to_owned(),
            notes: Notes(vec![
                "LiteLLM has no row for it, but others name it".to_owned(),
            ]),
            sums: Vec::new(),
        });
        self.bring_all(table, items.collect(), true).await
    }

    /// What holders may use beside models, by the ids of LiteLLM's rows.
    async fn object_permissions(
        &mut self,
        ids: BTreeSet<String>,
    ) -> Result<BTreeMap<String, Map<String, Value>>, MigrateError> {
        let found = self.source.find::<ObjectPermission>(&ids).await;
        let found = found.map_err(MigrateError::Source)?;
        let mut permissions = BTreeMap::new();
        for it in found {
            let id = it.id();
            if let Ok(row) = it.row {
                let mut kept = Map::new();
                for (name, value) in row.columns {
                    if name != "object_permission_id" {
                        fields::keep(&mut kept, &name, value);
                    }
                }
                permissions.insert(id, kept);
            }
        }
        Ok(permissions)
    }
}

/// How many there are.
fn length<T>(page: &[T]) -> u64 {
    u64::try_from(page.len()).unwrap_or(u64::MAX)
}

/// What a holder may use beside models; nothing where it names no such row.
fn permission_of(
    permissions: &BTreeMap<String, Map<String, Value>>,
    id: Option<&String>,
) -> Map<String, Value> {
    let found = id.and_then(|it| permissions.get(it));
    found.cloned().unwrap_or_default()
}

/// Why a row that names another, or is too long, stays out.
fn hindered(why: &StoreError) -> String {
    match why {
        StoreError::UnknownReference { field, value } => format!(
            "its `{field}` names `{value}`, which was not moved or was deleted here; with more \
             rights than it had it is not moved"
        ),
        other => other.to_string(),
    }
}
