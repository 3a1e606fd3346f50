//! Sums that a migration brings from another gateway, beside what is spent here. They may be
//! brought again, greater or in a later window: what was brought before is taken out first.

use std::collections::HashMap;

use super::rollups::{self, Rollups};
use super::usage::UsageSums;
use super::{Account, accounts, indexed};
use crate::domain::{Entity, Usd};
use crate::store::column::{join, split};
use crate::store::sql::{Block, Connection};
use crate::store::{Change, Store, StoreError};

/// Sums of one statement.
const CHUNK: usize = 500;

/// What was spent at the source in a window of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtSum {
    pub entity: Entity,
    /// `TOTAL`, `WHOLE`, or the name of another window.
    pub span: String,
    pub spent: Usd,
    /// When the window ends, in milliseconds since 1970; None: never by itself.
    pub reset_at: Option<i64>,
}

/// What was used on a day at the source. `operation` has to be a word that calls here never have:
/// it keeps the sums of both sides apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtDay {
    pub entity: Entity,
    /// Days since 1970 in UTC.
    pub day: i64,
    pub key_hash: String,
    pub model_group: String,
    pub model: String,
    pub provider: String,
    pub operation: String,
    pub sums: UsageSums,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    spent: Usd,
    reset_at: Option<i64>,
}

type Place = (String, String, String);

impl Change {
    /// Brings sums, no window twice.
    ///
    /// - In the window that was brought before, the sum is that of the source and what was spent
    ///   here beside it.
    /// - Where the source has begun another window since, what was spent before is over, on both
    ///   sides; what was spent here after that stays.
    /// - Where the window has ended here and not at the source, the source's sum is over.
    pub async fn bring_sums(&mut self, sums: &[BroughtSum]) -> Result<(), StoreError> {
        for chunk in sums.chunks(CHUNK) {
            let entities: Vec<Entity> = chunk.iter().map(|it| it.entity.clone()).collect();
            let accounts = accounts::all_of(&mut self.connection, &entities).await?;
            let accounts = accounts.into_iter().map(|it: Account| {
                let window = Window {
                    spent: it.spent,
                    reset_at: it.reset_at,
                };
                let place = (
                    it.entity.kind.as_str().to_owned(),
                    it.entity.id.to_string(),
                    it.span,
                );
                (place, window)
            });
            let accounts: HashMap<Place, Window> = accounts.collect();
            let before = brought(&mut self.connection, chunk).await?;
            let mut changed = Block::new(COLUMNS, chunk.len());
            let mut known = Block::new(COLUMNS, chunk.len());
            for sum in chunk {
                let place = place(sum);
                let now = Window {
                    spent: sum.spent,
                    reset_at: sum.reset_at,
                };
                let account = accounts.get(&place).copied();
                let after = merged(account, before.get(&place).copied(), now);
                let nothing = after.spent.is_zero() && after.reset_at.is_none();
                let untouched = account.is_none() && nothing;
                if account != Some(after) && !untouched {
                    bind(&mut changed, &place, after);
                }
                if before.get(&place) != Some(&now) && !untouched {
                    bind(&mut known, &place, now);
                }
            }
            put(&mut self.connection, "accounts", changed).await?;
            put(&mut self.connection, "brought_sums", known).await?;
        }
        Ok(())
    }
}

fn place(sum: &BroughtSum) -> Place {
    (
        sum.entity.kind.as_str().to_owned(),
        indexed(&sum.entity.id).into_owned(),
        sum.span.clone(),
    )
}

fn merged(account: Option<Window>, before: Option<Window>, now: Window) -> Window {
    let Some(account) = account else {
        return now;
    };
    let Some(before) = before else {
        // What was spent here before anything was brought.
        return Window {
            spent: account.spent + now.spent,
            reset_at: now.reset_at.or(account.reset_at),
        };
    };
    // A window without an end is given one by its first call here: that ends nothing.
    let ended_here = before.reset_at.is_some() && account.reset_at != before.reset_at;
    let ended_there = now.reset_at != before.reset_at;
    let spent = match (ended_here, ended_there) {
        (false, false) => account.spent - before.spent + now.spent,
        (false, true) => now.spent,
        (true, false) => account.spent,
        (true, true) => account.spent + now.spent,
    };
    Window {
        spent: spent.max(Usd::ZERO),
        reset_at: match ended_there {
            true => now.reset_at.or(account.reset_at),
            false => account.reset_at,
        },
    }
}

/// What was brought before.
async fn brought(
    connection: &mut Connection,
    sums: &[BroughtSum],
) -> Result<HashMap<Place, Window>, StoreError> {
    let mut places = Block::new(3, sums.len());
    for (kind, id, span) in sums.iter().map(place) {
        places.push([kind.into(), id.into(), span.into()]);
    }
    let select = "SELECT * FROM sluice.brought_sums WHERE (kind, id, span) IN (";
    let mut found = HashMap::new();
    for row in connection.block(select, places, ")").await? {
        let window = Window {
            spent: join(row.int("spent_usd")?, row.int("spent_pico")?),
            reset_at: row.opt_int("reset_at")?,
        };
        let place = (row.text("kind")?, row.text("id")?, row.text("span")?);
        found.insert(place, window);
    }
    Ok(found)
}

const COLUMNS: usize = 6;

fn bind(block: &mut Block, (kind, id, span): &Place, window: Window) {
    let (usd, pico) = split(window.spent);
    let place = [kind.into(), id.into(), span.into()];
    let amount = [usd.into(), pico.into(), window.reset_at.into()];
    block.push(place.into_iter().chain(amount));
}

async fn put(connection: &mut Connection, table: &str, block: Block) -> Result<(), StoreError> {
    let into =
        format!("INSERT INTO sluice.{table} (kind, id, span, spent_usd, spent_pico, reset_at) ");
    let instead = " ON CONFLICT (kind, id, span) DO UPDATE SET spent_usd = excluded.spent_usd,
         spent_pico = excluded.spent_pico, reset_at = excluded.reset_at";
    connection.block(&into, block, instead).await.map(drop)
}

impl Store {
    /// Brings days, each sum once: they replace what was brought of them before.
    pub async fn bring_days(&self, days: &[BroughtDay]) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        for chunk in days.chunks(CHUNK) {
            let mut there = Rollups::default();
            for it in chunk {
                there.put(it);
            }
            let missing = rollups::beyond_stored(&mut connection, there).await?;
            rollups::add(&mut connection, missing).await?;
        }
        connection.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Option<i64> = Some(1_000);
    const NEXT: Option<i64> = Some(2_000);

    fn window(dollars: f64, reset_at: Option<i64>) -> Window {
        Window {
            spent: Usd::from_dollars(dollars).unwrap(),
            reset_at,
        }
    }

    #[test]
    fn sums_of_both_sides_stand_together_in_one_window_and_never_twice() {
        let cases = [
            // Nothing here yet.
            (None, None, window(5.0, FIRST), window(5.0, FIRST)),
            // Spent here before the first run.
            (
                Some(window(1.0, None)),
                None,
                window(5.0, FIRST),
                window(6.0, FIRST),
            ),
            // 5 brought, 1 spent here, 2 more at the source.
            (
                Some(window(6.0, FIRST)),
                Some(window(5.0, FIRST)),
                window(7.0, FIRST),
                window(8.0, FIRST),
            ),
            // The source was reset by hand.
            (
                Some(window(6.0, FIRST)),
                Some(window(5.0, FIRST)),
                window(0.0, FIRST),
                window(1.0, FIRST),
            ),
            // The source began a new window; here the old one still stands.
            (
                Some(window(6.0, FIRST)),
                Some(window(5.0, FIRST)),
                window(0.5, NEXT),
                window(0.5, NEXT),
            ),
            // It ended here only: the source's sum is of the old one.
            (
                Some(window(1.0, NEXT)),
                Some(window(5.0, FIRST)),
                window(5.0, FIRST),
                window(1.0, NEXT),
            ),
            // It ended on both sides.
            (
                Some(window(1.0, NEXT)),
                Some(window(5.0, FIRST)),
                window(0.5, NEXT),
                window(1.5, NEXT),
            ),
            // A first call here gave the window an end.
            (
                Some(window(6.0, NEXT)),
                Some(window(5.0, None)),
                window(7.0, None),
                window(8.0, NEXT),
            ),
        ];
        for (account, before, now, after) in cases {
            assert_eq!(
                merged(account, before, now),
                after,
                "{account:?} {before:?} {now:?}"
            );
        }
    }
}
