//! Several processes that spend from one account, under any order of calls, writes and kills.

use proptest::prelude::*;

use super::*;
use crate::domain::{Entity, EntityKind, Usd};

const NOW: i64 = 1_795_000_000_000;
const MAX: i128 = 1_000;
/// The most that one call holds.
const MOST: i128 = 60;

fn usd(pico: i128) -> Usd {
    Usd::from_pico(pico)
}

fn id() -> AccountId {
    account(EntityKind::Key)
}

fn account(kind: EntityKind) -> AccountId {
    AccountId::whole(Entity::new(kind, "k"))
}

/// The database, as its leases work.
#[derive(Debug, Default)]
struct Bank {
    stored: Usd,
    /// Of each process; None: it has none.
    leases: Vec<Option<Usd>>,
}

struct Process {
    id: AccountId,
    ledger: Ledger,
    /// In its journal, and not stored.
    unstored: Usd,
    calls: Vec<Reservation>,
}

impl Process {
    fn new(stored: Usd, unstored: Usd) -> Self {
        Self::of(id(), stored, unstored)
    }

    fn of(id: AccountId, stored: Usd, unstored: Usd) -> Self {
        let ledger = Ledger::new(Settings::default());
        ledger.set_shared(true);
        let terms = Terms {
            max_budget: Some(usd(MAX)),
            ..Terms::default()
        };
        let spend = stored + unstored;
        let standing = Standing {
            spend,
            terms,
            ..Standing::default()
        };
        ledger.load(id.clone(), standing, NOW);
        Self {
            id,
            ledger,
            unstored,
            calls: Vec::new(),
        }
    }

    fn call(&mut self, amount: i128, now_ms: i64) -> Result<(), Refusal> {
        let path = self.ledger.path(std::slice::from_ref(&self.id)).unwrap();
        let hold = path.try_reserve(Some(usd(amount)), now_ms)?;
        self.calls.push(hold.start());
        Ok(())
    }

    fn end(&mut self, call: usize, cost: i128) {
        if call < self.calls.len() {
            let call = self.calls.swap_remove(call);
            let cost = usd(cost).min(call.held());
            self.unstored += cost;
            call.settle(cost, NOW);
        }
    }
}

impl Bank {
    fn store(&mut self, at: usize, process: &mut Process) {
        self.stored += process.unstored;
        if let Some(lease) = &mut self.leases[at] {
            *lease -= process.unstored;
        }
        process.unstored = Usd::ZERO;
    }

    fn leased(&self) -> Usd {
        self.leases.iter().flatten().copied().sum()
    }

    /// What the keeper of leases does. Whether all that was wanted was granted.
    fn keep(&mut self, at: usize, process: &Process, now_ms: i64) -> bool {
        let wants = process.ledger.lease_wants(now_ms);
        let Some(amount) = wants.get(&process.id).copied() else {
            return true;
        };
        let need = process.ledger.lease_need(&process.id, now_ms).unwrap();
        let need = need.unwrap_or_else(|()| {
            self.leases[at] = Some(Usd::ZERO);
            process.ledger.begin_lease(&process.id, process.unstored);
            process
                .ledger
                .lease_need(&process.id, now_ms)
                .unwrap()
                .unwrap()
        });
        let left = (usd(MAX) - self.stored - self.leased() - need.owed).max(Usd::ZERO);
        let wanted = (amount - need.right).max(Usd::ZERO);
        let more = wanted.max(usd(left.pico() / 6)).min(left);
        let others = self.leased() - self.leases[at].unwrap();
        let grant = LeaseGrant {
            granted: need.owed + more,
            enough: more >= wanted,
            others_hold: others > Usd::ZERO,
        };
        self.leases[at] = self.leases[at].map(|it| it + grant.granted);
        process.ledger.grant_lease(&process.id, grant, now_ms);
        grant.enough
    }

    fn give_back(&mut self, at: usize, process: &Process) {
        let (unused, _) = process.ledger.give_up_lease(&process.id);
        self.leases[at] = self.leases[at].map(|it| it - unused);
    }
}

#[test]
fn the_last_cent_can_be_spent_and_then_calls_are_refused_at_once() {
    let mut bank = Bank {
        leases: vec![None; 2],
        ..Bank::default()
    };
    let mut both = [0, 1].map(|_| Process::new(Usd::ZERO, Usd::ZERO));
    let mut now = NOW;
    for turn in 0..400 {
        let at = turn % 2;
        if both[at].call(10, now).is_err() {
            if !bank.keep(at, &both[at], now) {
                // The other one gives back what it does not use.
                bank.give_back(1 - at, &both[1 - at]);
            }
            // The call waits for the answer.
            drop(both[at].call(10, now));
        }
        both[at].end(0, 7);
        now += 501;
    }
    let spent = both[0].unstored + both[1].unstored;
    assert!(spent >= usd(MAX) && spent < usd(MAX + 20), "{spent}");
    for (at, process) in both.iter_mut().enumerate() {
        bank.store(at, process);
        bank.give_back(at, process);
    }
    for (at, process) in both.iter_mut().enumerate() {
        drop(process.call(10, now));
        bank.keep(at, process, now);
        let refused = process.call(10, now).unwrap_err();
        let Refusal::Exceeded(refused) = refused else {
            panic!("{refused}");
        };
        assert_eq!(refused.reason, Reason::Spent);
    }
}

#[test]
fn while_nobody_grants_calls_go_as_far_as_the_lease_or_on_by_what_is_known() {
    for lenient in [false, true] {
        let mut bank = Bank {
            leases: vec![None],
            ..Bank::default()
        };
        let mut process = Process::new(Usd::ZERO, Usd::ZERO);
        assert!(process.call(50, NOW).is_err());
        bank.keep(0, &process, NOW);
        let mut granted = 0;
        while process.call(50, NOW).is_ok() {
            granted += 50;
        }
        assert_eq!(granted, 150);
        process.ledger.lease_unheard(&id(), lenient);
        let more = process.call(50, NOW);
        match lenient {
            true => assert!(more.is_ok()),
            false => assert!(matches!(more, Err(Refusal::Unleased(_)))),
        }
        process.ledger.leases_heard();
        assert!(matches!(
            process.call(50, NOW),
            Err(Refusal::Exceeded(held)) if held.reason == Reason::Held
        ));
    }
}

#[test]
fn what_others_hold_is_not_said_to_be_spent_nor_reserved_here() {
    let mut process = Process::new(Usd::ZERO, Usd::ZERO);
    assert!(process.call(50, NOW).is_err());
    process.ledger.begin_lease(&id(), Usd::ZERO);
    let grant = |others_hold| LeaseGrant {
        granted: Usd::ZERO,
        enough: false,
        others_hold,
    };
    process.ledger.grant_lease(&id(), grant(true), NOW);
    let Err(Refusal::Exceeded(leased)) = process.call(50, NOW) else {
        panic!("nothing is leased here");
    };
    assert_eq!((leased.reason, leased.spend), (Reason::Leased, Usd::ZERO));
    let told = leased.client_message("Key=a");
    assert!(
        told.contains("leased by other replicas") && !told.contains("raise"),
        "{told}"
    );
    process.ledger.grant_lease(&id(), grant(false), NOW);
    assert!(matches!(
        process.call(50, NOW),
        Err(Refusal::Exceeded(spent)) if spent.reason == Reason::Spent
    ));
}

#[test]
fn a_process_that_is_alone_again_leases_nothing() {
    let mut process = Process::new(Usd::ZERO, Usd::ZERO);
    assert!(process.call(50, NOW).is_err());
    assert!(process.ledger.set_shared(false) && !process.ledger.set_shared(false));
    assert!(process.call(50, NOW).is_ok() && process.ledger.leased().is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Call {
        at: usize,
        amount: i128,
    },
    End {
        at: usize,
        call: usize,
        cost: i128,
    },
    Keep {
        at: usize,
    },
    Store {
        at: usize,
    },
    GiveBack {
        at: usize,
    },
    /// It is killed, its lease ends, and it starts again with its journal.
    Kill {
        at: usize,
    },
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..3usize;
    prop_oneof![
        9 => (at(), 1..=MOST).prop_map(|(at, amount)| Step::Call { at, amount }),
        5 => (at(), 0..4usize, 0..=MOST).prop_map(|(at, call, cost)| Step::End { at, call, cost }),
        9 => at().prop_map(|at| Step::Keep { at }),
        3 => at().prop_map(|at| Step::Store { at }),
        2 => at().prop_map(|at| Step::GiveBack { at }),
        1 => at().prop_map(|at| Step::Kill { at }),
        2 => Just(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn all_together_spend_no_more_than_the_budget_and_one_reservation_each(
        steps in prop::collection::vec(step(), 0..300), kills in any::<bool>(),
    ) {
        let mut bank = Bank { leases: vec![None; 3], ..Bank::default() };
        let mut all: Vec<_> = (0..3).map(|_| Process::new(Usd::ZERO, Usd::ZERO)).collect();
        let (mut now, mut lost) = (NOW, Usd::ZERO);
        for step in steps {
            match step {
                Step::Call { at, amount } => drop(all[at].call(amount, now)),
                Step::End { at, call, cost } => all[at].end(call, cost),
                Step::Keep { at } => {
                    bank.keep(at, &all[at], now);
                }
                Step::Store { at } => bank.store(at, &mut all[at]),
                Step::GiveBack { at } => bank.give_back(at, &all[at]),
                Step::Kill { at } if kills => {
                    lost += bank.leases[at].take().unwrap_or_default().max(Usd::ZERO);
                    // What it had under way is charged as it was held.
                    let held: Usd = all[at].calls.iter().map(Reservation::held).sum();
                    let unstored = all[at].unstored + held;
                    all[at] = Process::new(bank.stored, unstored);
                }
                Step::Kill { .. } => {}
                Step::Pass => now += 501,
            }
            let held = |it: &Process| it.calls.iter().map(Reservation::held).sum::<Usd>();
            let used: Usd = all.iter().map(|it| it.unstored + held(it)).sum();
            let bound = usd(MAX + 3 * MOST) + lost + lost;
            prop_assert!(bank.stored + used <= bound, "{} of {}", bank.stored + used, bound);
        }
    }

    /// Whoever pays, and on however many processes: the last cent goes, and then nothing does.
    #[test]
    fn every_budget_is_used_up_alone_and_together_and_no_further(
        kind in prop::sample::select(EntityKind::ALL.to_vec()),
        processes in 1..4usize, amount in 1..=MOST,
    ) {
        let mut bank = Bank { leases: vec![None; processes], ..Bank::default() };
        let new = |_| Process::of(account(kind), Usd::ZERO, Usd::ZERO);
        let mut all: Vec<_> = (0..processes).map(new).collect();
        if processes == 1 {
            all[0].ledger.set_shared(false);
        }
        let (mut now, mut refused, mut turn) = (NOW, 0, 0);
        // Each is refused in turn, and what the others do not use was given back each time.
        while refused < 2 * processes {
            let at = turn % processes;
            let mut went = all[at].call(amount, now);
            if went.is_err() && processes > 1 && !bank.keep(at, &all[at], now) {
                for (other, process) in all.iter().enumerate().filter(|it| it.0 != at) {
                    bank.give_back(other, process);
                }
                now += 501;
                went = all[at].call(amount, now);
                bank.keep(at, &all[at], now);
            }
            went = went.or_else(|_| all[at].call(amount, now));
            refused = if went.is_ok() { 0 } else { refused + 1 };
            all[at].end(0, amount);
            bank.store(at, &mut all[at]);
            turn += 1;
        }
        let most = MAX + processes as i128 * (amount - 1);
        prop_assert!((usd(MAX)..=usd(most)).contains(&bank.stored), "{}", bank.stored);
    }
}
