//! Everything that admission has to know of a key, in one question to the database.

use super::column::Cells;
use super::record::Record;
use super::{
    BudgetRow, KeyRow, OrganizationRow, Store, StoreError, TeamMemberRow, TeamRow, UserRow,
};

/// A key and everybody behind it, each with the budget it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    pub key: KeyRow,
    /// The key was rotated, and its old form is taken until then, in milliseconds since 1970.
    pub revoked_at: Option<i64>,
    pub team: Option<TeamRow>,
    pub member: Option<TeamMemberRow>,
    pub user: Option<UserRow>,
    /// The key's, else the team's.
    pub organization: Option<OrganizationRow>,
    pub key_budget: Option<BudgetRow>,
    pub team_budget: Option<BudgetRow>,
    pub member_budget: Option<BudgetRow>,
    pub user_budget: Option<BudgetRow>,
    pub organization_budget: Option<BudgetRow>,
}

/// The tables and how they hang together. Each join is by primary key or a unique index.
const JOINS: &str = "
    FROM sluice.keys k
    LEFT JOIN sluice.deprecated_keys d ON d.id = $1
    LEFT JOIN sluice.teams t ON t.id = k.team_id
    LEFT JOIN sluice.team_members m ON m.team_id = k.team_id AND m.user_id = k.user_id
    LEFT JOIN sluice.users u ON u.id = k.user_id
    LEFT JOIN sluice.organizations o ON o.id = COALESCE(k.organization_id, t.organization_id)
    LEFT JOIN sluice.budgets kb ON kb.id = k.budget_id
    LEFT JOIN sluice.budgets tb ON tb.id = t.budget_id
    LEFT JOIN sluice.budgets mb ON mb.id = m.budget_id
    LEFT JOIN sluice.budgets ub ON ub.id = u.budget_id
    LEFT JOIN sluice.budgets ob ON ob.id = o.budget_id
    WHERE k.id = COALESCE(
        (SELECT old.key_id FROM sluice.deprecated_keys old
         WHERE old.id = $1 AND old.revoke_at > $2),
        $1)";

impl Store {
    /// The holder of a key, by the hash of the key, also of one that was rotated and is not yet
    /// revoked. Whether it is blocked or expired is for the caller to see.
    pub async fn holder(&self, hash: &str, now_ms: i64) -> Result<Option<Holder>, StoreError> {
        let sql = format!(
            "SELECT d.revoke_at AS revoked_at, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}{JOINS}",
            columns::<KeyRow>("k"),
            columns::<TeamRow>("t"),
            columns::<TeamMemberRow>("m"),
            columns::<UserRow>("u"),
            columns::<OrganizationRow>("o"),
            columns::<BudgetRow>("kb"),
            columns::<BudgetRow>("tb"),
            columns::<BudgetRow>("mb"),
            columns::<BudgetRow>("ub"),
            columns::<BudgetRow>("ob"),
        );
        let mut connection = self.pools.read().await?;
        let Some(row) = connection
            .row(&sql, vec![hash.into(), now_ms.into()])
            .await?
        else {
            return Ok(None);
        };
        let key: KeyRow = KeyRow::read(&Cells::new(&row, "k_"))?;
        Ok(Some(Holder {
            revoked_at: row.opt_int("revoked_at")?.filter(|_| key.id != hash),
            key,
            team: joined(&Cells::new(&row, "t_"))?,
            member: joined(&Cells::new(&row, "m_"))?,
            user: joined(&Cells::new(&row, "u_"))?,
            organization: joined(&Cells::new(&row, "o_"))?,
            key_budget: joined(&Cells::new(&row, "kb_"))?,
            team_budget: joined(&Cells::new(&row, "tb_"))?,
            member_budget: joined(&Cells::new(&row, "mb_"))?,
            user_budget: joined(&Cells::new(&row, "ub_"))?,
            organization_budget: joined(&Cells::new(&row, "ob_"))?,
        }))
    }
}

/// The columns of a record under names of their own.
fn columns<R: Record>(table: &str) -> String {
    let names = R::columns();
    let list: Vec<String> = names
        .iter()
        .map(|name| format!("{table}.{name} AS {table}_{name}"))
        .collect();
    list.join(", ")
}

/// A record that the join may not have found.
fn joined<R: Record>(cells: &Cells<'_>) -> Result<Option<R>, StoreError> {
    match cells.get::<Option<String>>("id")? {
        Some(_) => R::read(cells).map(Some),
        None => Ok(None),
    }
}
