//! The search of one call through the deployments of a group: the router says which is next; one
//! whose budget or whose provider's is spent, or that has as many calls as it may, is passed over.

use std::sync::Arc;
use std::time::Duration;

use super::accounting::{Beside, Full, now_ms};
use super::fleet::{Fleet, Line};
use super::health;
use super::refusal;
use super::request::ClientRequest;
use super::roster::Roster;
use super::settle::Settlement;
use super::why::{By, Choice};
use crate::config::{Found, RouterSettings, Strategy};
use crate::domain::{DeploymentId, Fault, Retry};
use crate::prices::Prices;
use crate::router::{self, Ask, Decision, Place};

/// Bytes to a token, so many that a request is not taken for longer than it is.
const BYTES_PER_TOKEN: u64 = 6;

/// What a search asks of every deployment.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// What the router goes by, for this caller.
    pub router: &'a RouterSettings,
    pub team: Option<&'a str>,
    pub tags: &'a [String],
    /// Who calls, where that chooses too.
    pub agent: Option<&'a str>,
    /// Where the caller was served before.
    pub prefer: Option<&'a DeploymentId>,
}

/// A deployment that has room for the call.
pub struct Chosen {
    pub line: Arc<Line>,
    pub place: Place,
    /// What it is asked for.
    pub model: String,
    /// No other deployment could take its calls.
    pub lone: bool,
}

/// A search under way.
pub struct Search<'a> {
    fleet: &'a Fleet,
    request: &'a ClientRequest,
    /// As the client knows the group.
    group: String,
    found: Found<'a>,
    roster: Arc<Roster>,
    wish: Wish<'a>,
    /// Asked in vain; may be asked again.
    tried: Vec<DeploymentId>,
    /// Asked in vain, and would fail again.
    dead: Vec<DeploymentId>,
    full: Vec<DeploymentId>,
    passed_over: Vec<Full>,
    /// Whose turn it is.
    orders: (u32, Option<u32>),
    input_tokens: Option<u64>,
    lengths: Vec<Option<u64>>,
    prices: Vec<Option<f64>>,
    waited: Duration,
    /// How the only deployment was found, until that was told.
    placed: Option<Arc<Choice>>,
}

impl<'a> Search<'a> {
    /// None: the name is no model group. `shown`: as the client knows it.
    pub fn open(
        fleet: &'a Fleet,
        prices: &Prices,
        request: &'a ClientRequest,
        (group, shown): (&str, &str),
        wish: Wish<'a>,
    ) -> Option<Self> {
        let found = fleet.config.groups.find(group)?;
        let roster = Arc::clone(fleet.rosters.get(&found)?);
        let mut search = Self {
            fleet,
            request,
            group: shown.to_owned(),
            found,
            roster,
            wish,
            tried: Vec::new(),
            dead: Vec::new(),
            full: Vec::new(),
            passed_over: Vec::new(),
            orders: (0, None),
            input_tokens: None,
            lengths: Vec::new(),
            prices: Vec::new(),
            waited: Duration::ZERO,
            placed: request.controls.placed.clone(),
        };
        if let Some(pinned) = &request.controls.pinned {
            let all = search.roster.places.iter().map(|it| it.id.clone());
            search.dead = all.filter(|it| it != pinned).collect();
        }
        search.leave_out_others();
        search.leave_out_elsewhere();
        search.look_up(prices);
        Some(search)
    }

    /// A response that a provider keeps is known to one deployment alone.
    fn leave_out_others(&mut self) {
        let Some(id) = &self.request.controls.answered_by else {
            return;
        };
        let ids = || self.found.deployments.iter().map(|it| &it.id);
        if ids().any(|it| it == id) {
            self.dead = ids().filter(|it| *it != id).cloned().collect();
        }
    }

    /// A customer may be kept to one region.
    fn leave_out_elsewhere(&mut self) {
        if let Some(region) = self.request.controls.region {
            let all = self.found.deployments.iter();
            let elsewhere = all.filter(|it| !region.has(it)).map(|it| it.id.clone());
            self.dead.extend(elsewhere);
        }
    }

    /// What the price table knows of the models, where that is asked for.
    fn look_up(&mut self, prices: &Prices) {
        let settings = self.wish.router;
        if settings.checks_length || self.strategy().keeps_limits() {
            self.input_tokens = input_tokens(self.request);
        }
        let entry = |it: &Arc<crate::config::Deployment>| {
            let line = self.fleet.line(&it.id).ok()?;
            line.price(prices, &self.found.model(it))
        };
        if settings.checks_length && self.input_tokens.is_some() {
            let length = |it| entry(it)?.max_input_tokens;
            self.lengths = self.found.deployments.iter().map(length).collect();
        }
        if self.strategy() == Strategy::CostBased {
            let price = |it| Some(entry(it)?.estimate(1000, 1000)?.dollars());
            self.prices = self.found.deployments.iter().map(price).collect();
        }
    }

    pub fn strategy(&self) -> Strategy {
        self.wish.router.strategy
    }

    fn decide(&self) -> Decision {
        let settings = self.wish.router;
        let tried: Vec<DeploymentId> = self.tried.iter().chain(&self.dead).cloned().collect();
        let ask = Ask {
            now_ms: now_ms(),
            tried: &tried,
            full: &self.full,
            orders: self.orders,
            prefer: self.wish.prefer,
            team: self.wish.team,
            // Tags chose where a thing lies, when it was put there.
            tags: (settings.filters_tags && self.request.controls.pinned.is_none())
                .then_some(self.wish.tags),
            match_any: settings.tags_match_any,
            agent: self.wish.agent,
            input_tokens: self.input_tokens,
            lengths: &self.lengths,
            prices: &self.prices,
            // Where limits are kept, they are kept exactly, by whoever counts them.
            keep_limits: false,
            checks_count_for: health::counts_for(&self.fleet.config),
        };
        router::choose(&self.roster.places, &ask, self.strategy(), &mut rand::rng())
    }

    /// Whether another deployment could be asked at once.
    pub fn has_others(&self) -> bool {
        self.decide().chosen.is_some()
    }

    /// The next deployment; its money and place are held. If all that are left are passed over, and
    /// calls in flight hold the money of one, its turn is waited for.
    ///
    /// # Errors
    /// There is none: every budget and limit that was in the way is named, or else why not.
    pub async fn next(&mut self, settlement: &mut Settlement) -> Result<Chosen, Fault> {
        loop {
            let decision = self.decide();
            let Some(at) = decision.chosen else {
                return self.nobody(decision, settlement).await;
            };
            let (chosen, room) = self.enter(at, settlement, false).await?;
            match room {
                Ok(()) => {
                    self.note(decision, settlement);
                    return Ok(chosen);
                }
                Err(full) => {
                    self.full.push(chosen.place.id);
                    self.passed_over.push(full);
                }
            }
        }
    }

    async fn enter(
        &self,
        at: usize,
        settlement: &mut Settlement,
        patient: bool,
    ) -> Result<(Chosen, Result<(), Full>), Fault> {
        let places = self.roster.places.get(at);
        let both = places.zip(self.found.deployments.get(at));
        let (place, deployment) = both.ok_or_else(|| {
            Fault::ours(
                "the deployment is gone",
                "a choice that is not in the roster",
            )
        })?;
        let chosen = Chosen {
            line: self.fleet.line(&place.id)?,
            place: place.clone(),
            model: self.found.model(deployment),
            lone: self.roster.places.len() == 1,
        };
        let room = settlement.enter(self.request, (&chosen.line, &chosen.model), patient);
        let room = room.await;
        Ok((chosen, room))
    }

    /// Another deployment of the same order, to be asked beside one that is slow; its place and the
    /// money for it are held. None: there is none with room.
    pub async fn beside(
        &mut self,
        slow: &Chosen,
        settlement: &mut Settlement,
    ) -> Option<(Chosen, Beside)> {
        let order = slow.place.terms.order;
        let orders = std::mem::replace(&mut self.orders, (order, Some(order)));
        self.tried.push(slow.place.id.clone());
        let decision = self.decide();
        self.tried.pop();
        self.orders = orders;
        let at = decision.chosen?;
        let (place, deployment) = self
            .roster
            .places
            .get(at)
            .zip(self.found.deployments.get(at))?;
        let chosen = Chosen {
            line: self.fleet.line(&place.id).ok()?,
            place: place.clone(),
            model: self.found.model(deployment),
            lone: false,
        };
        let room = settlement.enter_beside(self.request, (&chosen.line, &chosen.model));
        let room = room.await?;
        self.note(decision, settlement);
        Some((chosen, room))
    }

    fn note(&mut self, decision: Decision, settlement: &mut Settlement) {
        let waited = std::mem::take(&mut self.waited);
        let placed = self.placed.take();
        let choice = match placed.filter(|_| decision.chosen.is_some()) {
            Some(placed) => Choice::clone(&placed),
            None => {
                let by = match self.request.controls.pinned {
                    Some(_) => By::Lies,
                    None => By::Strategy(self.strategy()),
                };
                Choice::made(&self.group, by, &self.roster, decision)
            }
        };
        settlement.chose(Choice { waited, ..choice });
    }

    async fn nobody(
        &mut self,
        decision: Decision,
        settlement: &mut Settlement,
    ) -> Result<Chosen, Fault> {
        let held = self.passed_over.iter().position(Full::passes);
        let id = held.and_then(|held| self.full.get(held).cloned());
        let at = self
            .roster
            .places
            .iter()
            .position(|it| Some(&it.id) == id.as_ref());
        if let (Some(held), Some(at)) = (held, at) {
            let (chosen, room) = self.enter(at, settlement, true).await?;
            self.full.swap_remove(held);
            self.passed_over.swap_remove(held);
            match room {
                Ok(()) => {
                    let chosen_one = Decision {
                        chosen: Some(at),
                        ..decision
                    };
                    self.note(chosen_one, settlement);
                    return Ok(chosen);
                }
                Err(full) => {
                    self.full.push(chosen.place.id);
                    self.passed_over.push(full);
                }
            }
        }
        let fault = if self.passed_over.is_empty() {
            let unready = refusal::unready(&decision);
            let unready = unready.and_then(|at| self.roster.places.get(at));
            let broken = unready.and_then(|it| self.fleet.line(&it.id).err());
            let (group, tokens) = (self.group.as_str(), self.input_tokens);
            refusal::of(&decision, (group, tokens), broken, now_ms())
        } else {
            let passed_over = std::mem::take(&mut self.passed_over);
            settlement.no_room(&self.group, passed_over)
        };
        self.note(decision, settlement);
        Err(fault)
    }

    /// A deployment was asked in vain.
    pub fn failed(&mut self, chosen: &Chosen, fault: &Fault) {
        let id = chosen.place.id.clone();
        // Another order's turn comes when this one's is over.
        self.orders = match self.request.controls.disable_fallbacks {
            true => (chosen.place.terms.order, None),
            false => (chosen.place.terms.order, Some(chosen.place.terms.order)),
        };
        match fault.retry {
            Retry::NextDeployment => self.dead.push(id),
            _ => self.tried.push(id),
        }
    }

    /// Lets those that were asked be asked again, after this wait.
    pub fn again(&mut self, waited: Duration) {
        self.tried.clear();
        self.waited = waited;
    }

    /// Goes on to the next order, if there is one.
    pub fn next_order(&mut self) -> bool {
        let Some(order) = self.orders.1 else {
            return false;
        };
        let Some(next) = order.checked_add(1) else {
            return false;
        };
        let before = std::mem::replace(&mut self.orders, (next, None));
        if self.has_others() {
            return true;
        }
        self.orders = before;
        false
    }
}

/// Input tokens of a request, guessed rather too low; None where media hide how many they are.
fn input_tokens(request: &ClientRequest) -> Option<u64> {
    const MEDIA: [&str; 4] = [";base64,", "\"base64\"", "\"input_audio\"", "\"file_data\""];
    let text = request.body.text();
    if MEDIA.iter().any(|it| text.contains(it)) {
        return None;
    }
    Some(u64::try_from(text.len()).unwrap_or(u64::MAX) / BYTES_PER_TOKEN)
}
