//! Rows that a migration brings from another gateway, again and again until the switch. What was
//! written for a row is remembered as two digests, so that a later run knows whether the row has
//! changed at its source, here, or in both places. What changed here is never overwritten unasked.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::change::{MOST_IDS, fitting};
use super::migrate::hex;
use super::sql::{Block, Row, Value, places};
use super::{
    Change, EndUserRow, KeyRow, OrganizationMemberRow, OrganizationRow, Record, StoreError, TagRow,
    TeamMemberRow, TeamRow, UserRow,
};

/// When a row was made and by whom is no reason to write it again; what is sealed is sealed
/// differently each time.
const UNPRINTED: [&str; 5] = [
    "created_at",
    "updated_at",
    "created_by",
    "updated_by",
    "sealed",
];

/// The mark of the last run itself, beside those of its rows: a kind that no row has.
const RUN: &str = "run";

/// A row as its source has it now.
#[derive(Debug, Clone)]
pub struct Arriving<R> {
    pub row: R,
    /// What of the source decides over the row and does not stand in it, such as secrets as they
    /// are encrypted there.
    pub beside: String,
}

/// What becomes of an arriving row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arrival {
    /// It was not here.
    Made,
    /// It changed at the source, and was here as an earlier run left it.
    Updated,
    /// It is here as an earlier run left it, and the source says the same.
    Same,
    /// It was changed here, not at the source: it stays as it is here.
    Kept,
    /// It was changed here and at the source: it stays as it is here.
    Conflict,
    /// It was here before anything was brought: it stays as it is here.
    Taken,
    /// An earlier run brought it, and it was deleted here: it stays away.
    DeletedHere,
}

/// What becomes of a row that an earlier run brought and the source has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Departure {
    /// Deleted here too.
    Deleted,
    /// It was changed here: it stays.
    Kept,
    /// Other rows here name it: it stays.
    InUse,
}

struct Known {
    print: String,
    ours: String,
}

impl Change {
    /// The number of a run that begins now, counted from 1. It is remembered, whatever the run
    /// brings: logs alone leave no other mark.
    pub async fn begin_run(&mut self) -> Result<i64, StoreError> {
        let sql = "SELECT MAX(run) AS run FROM sluice.brought";
        let row = self.connection.row(sql, Vec::new()).await?;
        let last = row.map(|row| row.opt_int("run")).transpose()?.flatten();
        let run = last.unwrap_or(0).saturating_add(1);
        let mut mark = Block::new(5, 1);
        let texts = [RUN, "", "", ""].map(Value::from);
        mark.push(texts.into_iter().chain([run.into()]));
        self.mark(mark).await?;
        Ok(run)
    }

    /// Brings rows, none of them twice, and says of each what became of it. With `overwrite` what
    /// was changed or deleted here is as at the source again.
    pub async fn bring<R: Record + Clone>(
        &mut self,
        rows: &[Arriving<R>],
        run: i64,
        overwrite: bool,
    ) -> Result<Vec<Arrival>, StoreError> {
        let columns = R::columns();
        let mut arrivals = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(MOST_IDS) {
            let ids: Vec<&str> = chunk.iter().map(|it| it.row.id()).collect();
            let known = self.known::<R>(&ids).await?;
            let here = self.here::<R>(&ids, chunk).await?;
            let mut written: Vec<R> = Vec::new();
            let mut marks = Block::new(5, chunk.len());
            for arriving in chunk {
                let id = arriving.row.id();
                let values = arriving.row.values()?;
                let print = print(&columns, &values, &arriving.beside);
                let was = known.get(id);
                let arrival = arrival(was, here.get(id), &print, overwrite);
                arrivals.push(arrival);
                let (print, ours) = match (arrival, was) {
                    (Arrival::Made | Arrival::Updated, _) => {
                        written.push(arriving.row.clone());
                        (print, digest(&values))
                    }
                    // The next run is to say the same of it.
                    (_, Some(was)) => (was.print.clone(), was.ours.clone()),
                    (_, None) => continue,
                };
                let mark = [R::KIND.into(), id.into(), print.into(), ours.into()];
                marks.push(mark.into_iter().chain([run.into()]));
            }
            self.put_all(&written).await?;
            self.mark(marks).await?;
        }
        Ok(arrivals)
    }

    async fn mark(&mut self, marks: Block) -> Result<(), StoreError> {
        let into = "INSERT INTO sluice.brought (kind, id, print, ours, run) ";
        let kept = " ON CONFLICT (kind, id) DO UPDATE SET
             print = excluded.print, ours = excluded.ours, run = excluded.run";
        self.connection.block(into, marks, kept).await.map(drop)
    }

    /// What earlier runs left of these.
    async fn known<R: Record>(
        &mut self,
        ids: &[&str],
    ) -> Result<HashMap<String, Known>, StoreError> {
        let sql = format!(
            "SELECT id, print, ours FROM sluice.brought WHERE kind = $1 AND id IN ({})",
            places(1, ids.len())
        );
        let mut values: Vec<Value> = vec![R::KIND.into()];
        values.extend(ids.iter().map(|id| Value::from(*id)));
        let mut known = HashMap::new();
        for row in self.connection.rows(&sql, values).await? {
            let was = Known {
                print: row.text("print")?,
                ours: row.text("ours")?,
            };
            known.insert(row.text("id")?, was);
        }
        Ok(known)
    }

    /// Digests of the rows that are here. Of the columns as they lie: read into a record and
    /// written again, a number could lose its last digit.
    async fn here<R: Record>(
        &mut self,
        ids: &[&str],
        like: &[Arriving<R>],
    ) -> Result<HashMap<String, String>, StoreError> {
        let Some(like) = like.first() else {
            return Ok(HashMap::new());
        };
        let types = like.row.values()?;
        let columns = R::columns();
        let sql = format!(
            "SELECT {} FROM sluice.{} WHERE id IN ({})",
            columns.join(", "),
            R::TABLE,
            places(0, ids.len())
        );
        let values = ids.iter().map(|id| Value::from(*id)).collect();
        let mut here = HashMap::new();
        for row in self.connection.rows(&sql, values).await? {
            here.insert(row.text("id")?, digest(&raw(&row, &columns, &types)?));
        }
        Ok(here)
    }

    /// Which of these ids no run has brought, or not this one.
    pub async fn unseen<R: Record>(
        &mut self,
        ids: &BTreeSet<String>,
        run: i64,
    ) -> Result<BTreeSet<String>, StoreError> {
        let ids: Vec<&String> = ids.iter().collect();
        let mut left: BTreeSet<String> = ids.iter().map(|it| (*it).clone()).collect();
        for chunk in ids.chunks(MOST_IDS) {
            let sql = format!(
                "SELECT id FROM sluice.brought WHERE kind = $1 AND run = $2 AND id IN ({})",
                places(2, chunk.len())
            );
            let mut values: Vec<Value> = vec![R::KIND.into(), run.into()];
            values.extend(chunk.iter().map(|id| Value::from(*id)));
            for row in self.connection.rows(&sql, values).await? {
                left.remove(&row.text("id")?);
            }
        }
        Ok(left)
    }

    /// Which of these rows are here.
    pub async fn present<R: Record>(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StoreError> {
        self.there(R::TABLE, ids).await
    }

    async fn there(
        &mut self,
        table: &str,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let ids: Vec<&String> = ids.iter().collect();
        let mut found = BTreeSet::new();
        for chunk in ids.chunks(MOST_IDS) {
            let list = places(0, chunk.len());
            let sql = format!("SELECT id FROM sluice.{table} WHERE id IN ({list})");
            let values = chunk.iter().map(|id| Value::from(*id)).collect();
            for row in self.connection.rows(&sql, values).await? {
                found.insert(row.text("id")?);
            }
        }
        Ok(found)
    }

    /// Why each of these rows cannot be written, if it cannot: a text that does not fit, or the
    /// first row it names that is not here.
    pub async fn hindrances<R: Record>(
        &mut self,
        rows: &[&R],
    ) -> Result<Vec<Option<StoreError>>, StoreError> {
        let columns = R::columns();
        let mut found: Vec<Option<StoreError>> = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(fitting(*row, &columns).err());
        }
        for (field, table) in R::REFERENCES {
            let named = rows.iter().filter_map(|it| it.reference(field));
            let named: BTreeSet<String> = named.map(str::to_owned).collect();
            let here = self.there(table, &named).await?;
            for (row, hindrance) in rows.iter().zip(&mut found) {
                let missing = row.reference(field).filter(|it| !here.contains(*it));
                if let (Some(value), None) = (missing, &hindrance) {
                    *hindrance = Some(StoreError::UnknownReference {
                        field,
                        value: value.to_owned(),
                    });
                }
            }
        }
        Ok(found)
    }

    /// Some of the ids that earlier runs brought.
    pub async fn brought<R: Record>(&mut self, limit: u32) -> Result<Vec<String>, StoreError> {
        let sql =
            format!("SELECT id FROM sluice.brought WHERE kind = $1 ORDER BY id LIMIT {limit}");
        let rows = self.connection.rows(&sql, vec![R::KIND.into()]).await?;
        rows.iter().map(|row| row.text("id")).collect()
    }

    /// Deletes what earlier runs brought and this one has not seen, where it is as they left it
    /// and nothing here names it. With `overwrite` also what was changed here.
    pub async fn depart<R: Record + Default>(
        &mut self,
        run: i64,
        overwrite: bool,
    ) -> Result<Vec<(String, Departure)>, StoreError> {
        let sql = "SELECT id, ours FROM sluice.brought WHERE kind = $1 AND run <> $2 ORDER BY id";
        let rows = self
            .connection
            .rows(sql, vec![R::KIND.into(), run.into()])
            .await?;
        let mut gone: Vec<(String, String)> = Vec::with_capacity(rows.len());
        for row in rows {
            gone.push((row.text("id")?, row.text("ours")?));
        }
        let like = [Arriving {
            row: R::default(),
            beside: String::new(),
        }];
        let mut departures = Vec::new();
        for chunk in gone.chunks(MOST_IDS) {
            let ids: Vec<&str> = chunk.iter().map(|(id, _)| id.as_str()).collect();
            let here = self.here::<R>(&ids, &like).await?;
            let mut deleted = Vec::new();
            for (id, ours) in chunk {
                let departure = match here.get(id) {
                    // Deleted on both sides: there is nothing to say of it.
                    None => {
                        deleted.push(id.clone());
                        continue;
                    }
                    Some(now) if now != ours && !overwrite => Departure::Kept,
                    Some(_) if self.is_named::<R>(id).await? => Departure::InUse,
                    Some(_) => {
                        deleted.push(id.clone());
                        Departure::Deleted
                    }
                };
                departures.push((id.clone(), departure));
            }
            self.delete::<R>(&deleted).await?;
            self.forget::<R>(&deleted).await?;
        }
        Ok(departures)
    }

    /// Whether a row here names this one.
    async fn is_named<R: Record>(&mut self, id: &str) -> Result<bool, StoreError> {
        for (table, column) in naming(R::TABLE) {
            let sql = format!("SELECT id FROM sluice.{table} WHERE {column} = $1 LIMIT 1");
            if self.connection.row(&sql, vec![id.into()]).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn forget<R: Record>(&mut self, ids: &[String]) -> Result<(), StoreError> {
        for chunk in ids.chunks(MOST_IDS) {
            for table in ["brought", "brought_sums"] {
                let sql = format!(
                    "DELETE FROM sluice.{table} WHERE kind = $1 AND id IN ({})",
                    places(1, chunk.len())
                );
                let mut values: Vec<Value> = vec![R::KIND.into()];
                values.extend(chunk.iter().map(Value::from));
                self.connection.execute(&sql, values).await?;
            }
        }
        Ok(())
    }

    /// Takes the hash of a rotated key as that key's until `revoke_at`.
    pub async fn supersede(
        &mut self,
        old: &str,
        key_id: &str,
        revoke_at: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sluice.deprecated_keys (id, key_id, revoke_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE
             SET key_id = excluded.key_id, revoke_at = excluded.revoke_at";
        let values = vec![old.into(), key_id.into(), revoke_at.into()];
        self.connection.execute(sql, values).await.map(drop)
    }
}

/// Tables and columns that name rows of a table. Invitations go with their user.
fn naming(table: &str) -> Vec<(&'static str, &'static str)> {
    let all = [
        (KeyRow::TABLE, KeyRow::REFERENCES),
        (TeamRow::TABLE, TeamRow::REFERENCES),
        (UserRow::TABLE, UserRow::REFERENCES),
        (TeamMemberRow::TABLE, TeamMemberRow::REFERENCES),
        (
            OrganizationMemberRow::TABLE,
            OrganizationMemberRow::REFERENCES,
        ),
        (OrganizationRow::TABLE, OrganizationRow::REFERENCES),
        (EndUserRow::TABLE, EndUserRow::REFERENCES),
        (TagRow::TABLE, TagRow::REFERENCES),
    ];
    let named = all.into_iter().flat_map(|(from, references)| {
        let fitting = references.iter().filter(|(_, to)| *to == table);
        fitting.map(move |(column, _)| (from, *column))
    });
    named.collect()
}

fn arrival(known: Option<&Known>, here: Option<&String>, print: &str, overwrite: bool) -> Arrival {
    match (known, here) {
        (None, None) => Arrival::Made,
        (None, Some(_)) => Arrival::Taken,
        (Some(_), None) if overwrite => Arrival::Made,
        (Some(_), None) => Arrival::DeletedHere,
        (Some(known), Some(here)) => match (known.print == print, known.ours == *here) {
            (true, true) => Arrival::Same,
            (false, true) => Arrival::Updated,
            (_, false) if overwrite => Arrival::Updated,
            (true, false) => Arrival::Kept,
            (false, false) => Arrival::Conflict,
        },
    }
}

fn raw(row: &Row, columns: &[String], types: &[Value]) -> Result<Vec<Value>, StoreError> {
    let cells = columns.iter().zip(types);
    cells
        .map(|(column, like)| {
            Ok(match like {
                Value::Int(_) => row.opt_int(column)?.into(),
                Value::Text(_) => row.opt_text(column)?.into(),
            })
        })
        .collect()
}

/// Of what the source decides over.
fn print(columns: &[String], values: &[Value], beside: &str) -> String {
    let cells = columns.iter().zip(values);
    let printed = cells.filter(|(column, _)| !UNPRINTED.contains(&column.as_str()));
    let mut all: Vec<Value> = printed.map(|(_, value)| value.clone()).collect();
    all.push(beside.into());
    digest(&all)
}

fn digest(values: &[Value]) -> String {
    let mut hash = Sha256::new();
    for value in values {
        match value {
            Value::Int(None) | Value::Text(None) => hash.update([0]),
            Value::Int(Some(number)) => {
                hash.update([1]);
                hash.update(number.to_be_bytes());
            }
            Value::Text(Some(text)) => {
                hash.update([2]);
                hash.update(text.len().to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    hex(&hash.finalize())
}
