//! The course of one call: the asked model group, its deployments and retries, then the groups
//! that it falls back to, until one answers.

use std::collections::VecDeque;
use std::sync::Arc;

use super::backoff;
use super::choose::{Chosen, Search, Wish};
use super::detour::Detour;
use super::fleet::{Fleet, Line};
use super::kept::Memory;
use super::reached::Reached;
use super::refusal::no_such_model;
use super::request::{ClientRequest, Operation};
use super::run::{Inner, served};
use super::settle::Settlement;
use super::ties;
use crate::auth::Caller;
use crate::config::{RouterSettings, defaults};
use crate::domain::{DeploymentId, ErrorKind, Fault};
use crate::prices::Prices;
use crate::router::{self, Next, Tie};

/// What does not change on a call's course.
pub struct Course<'a> {
    pub inner: &'a Inner,
    pub fleet: &'a Fleet,
    pub prices: Arc<Prices>,
    pub request: &'a ClientRequest,
    /// What the router goes by, for this caller.
    pub router: &'a RouterSettings,
    team: Option<String>,
    tags: Vec<String>,
    /// Who calls, where that chooses among deployments.
    agent: Option<String>,
    /// The caller's, for ties.
    key: String,
    session: Option<String>,
    /// Where the responses that it makes are kept.
    pub memory: Option<Memory>,
}

/// The tags by which deployments are chosen: the request's, its key's and its team's. None where
/// tags do not choose.
pub fn tags(router: &RouterSettings, asked: &[String], caller: &Caller) -> Vec<String> {
    if !router.filters_tags {
        return Vec::new();
    }
    let own = caller.grant().into_iter().flat_map(|it| &it.tags);
    let asked = asked.iter().cloned();
    let all = asked.chain(own.map(ToString::to_string));
    let prefix = router.tag_prefix.as_deref().unwrap_or_default();
    all.filter(|it| it.starts_with(prefix)).collect()
}

/// Who calls, as deployments' `tag_regex` look for it; None where that does not choose.
pub fn agent(router: &RouterSettings, user_agent: Option<&str>) -> Option<String> {
    let said = user_agent.filter(|_| router.filters_tags && router.tags_by_agent);
    said.map(|it| format!("User-Agent: {it}"))
}

impl<'a> Course<'a> {
    pub fn new(
        inner: &'a Inner,
        (fleet, router): (&'a Fleet, &'a RouterSettings),
        request: &'a ClientRequest,
        caller: &Caller,
        (session, tags, agent): (Option<String>, Vec<String>, Option<String>),
    ) -> Self {
        Self {
            inner,
            fleet,
            prices: inner.accounting.prices(),
            request,
            router,
            team: caller.team_id().map(str::to_owned),
            tags,
            agent,
            key: caller.key_hash().map_or("", |it| it.as_str()).to_owned(),
            session,
            memory: match request.operation {
                Operation::Responses => inner.accounting.memory(caller),
                _ => None,
            },
        }
    }

    /// The asked group, then those that it falls back to, each once.
    pub async fn run(&self, settlement: &mut Settlement) -> Result<(Reached, Arc<Line>), Fault> {
        let asked = self.request.controls.model.as_str();
        let mut fault = match self.group(self.request, asked, settlement).await {
            Ok(reached) => return Ok(reached),
            Err(fault) => fault,
        };
        let most = self.router.max_fallbacks;
        let mut asked_already = vec![asked.to_owned()];
        let mut left: VecDeque<Detour> = self.fallbacks(asked, &fault).into();
        let mut done = 0;
        while let Some(detour) = left.pop_front() {
            let goes_on = fault.may_move() && done < most && self.may_move_on(settlement);
            if self.request.controls.disable_fallbacks || !goes_on {
                break;
            }
            let group = detour.model.as_str();
            let again = asked_already.iter().any(|it| it == group);
            if again && detour.with.is_empty() {
                continue;
            }
            let id = &self.request.id;
            tracing::warn!(call.id = %id, model.group = %group, fault = %fault, "falling back");
            if self.fleet.config.groups.find(group).is_none() {
                tracing::warn!(call.id = %id, "the fallback `{group}` is no model group");
                continue;
            }
            asked_already.push(group.to_owned());
            let changed = match detour.with.is_empty() {
                true => None,
                false => Some(self.request.by(&detour)?),
            };
            let request = changed.as_ref().unwrap_or(self.request);
            let offered = served(self.fleet, &self.prices, group);
            if let Err(why) = settlement.turn_to(request, &offered).await {
                tracing::warn!(call.id = %id, model.group = %group, fault = %why, "the fallback is passed over");
                continue;
            }
            done += 1;
            settlement.trail().moves += 1;
            settlement.trail().fallbacks += 1;
            settlement.trail().retries = 0;
            let reached = self.group(request, group, settlement).await;
            let metrics = &self.inner.watchers.metrics;
            let why = ((self.inner.status_of)(&fault), fault.kind.class());
            metrics.fallback((asked, group), reached.is_ok(), why);
            match reached {
                Ok(reached) => return Ok(reached),
                Err(next) => {
                    // What the client lists is all that it wants.
                    let own = self.request.controls.fallbacks.is_some();
                    let nested = self.fallbacks(group, &next);
                    for detour in nested.into_iter().rev().filter(|_| !own) {
                        left.push_front(detour);
                    }
                    fault = next;
                }
            }
        }
        Err(fault)
    }

    /// Where a call goes when this group fails so.
    fn fallbacks(&self, group: &str, fault: &Fault) -> Vec<Detour> {
        let controls = &self.request.controls;
        if let Some(own) = &controls.fallbacks {
            return own.clone();
        }
        let longer = controls.context_window_fallbacks.get(group);
        let longer = longer.filter(|_| fault.kind == ErrorKind::ContextWindow);
        let lists = router::fallbacks(self.router, group, fault);
        let names = longer.cloned().into_iter().chain(lists);
        let names = names.filter(|it| !controls.barred.contains(it));
        names.map(Detour::to).collect()
    }

    /// The deployments of one group, until one answers.
    async fn group(
        &self,
        request: &ClientRequest,
        group: &str,
        settlement: &mut Settlement,
    ) -> Result<(Reached, Arc<Line>), Fault> {
        let shown = match group == request.controls.model {
            true => request.controls.asked.as_str(),
            false => group,
        };
        if let Some((mock, _)) = &request.controls.mock
            && group == request.controls.model
        {
            return Err(mock.fault(shown));
        }
        let ties = self.ties(request, group);
        let prefer = match (&request.controls.answered_by, ties.is_empty()) {
            (Some(id), _) => Some(id.clone()),
            (None, true) => None,
            (None, false) => self.inner.affinity.load().find(group, &ties),
        };
        let wish = Wish {
            router: self.router,
            team: self.team.as_deref(),
            tags: &self.tags,
            agent: self.agent.as_deref(),
            prefer: prefer.as_ref(),
        };
        let search = Search::open(self.fleet, &self.prices, request, (group, shown), wish);
        let mut search = search.ok_or_else(|| no_such_model(shown))?;
        group.clone_into(&mut settlement.trail().model_group);
        let policy = self.router.retry_policy(group);
        let (mut done, mut failed) = (0, None);
        loop {
            let chosen = search.next(settlement).await;
            // Why an attempt failed says more than that no other deployment has room.
            let chosen = chosen.map_err(|nobody| failed.take().unwrap_or(nobody))?;
            let allowed = self.retries(request, &chosen);
            settlement.trail().max_retries = allowed;
            let (chosen, tried) = match self.patience(request) {
                Some(patience) => {
                    let with = (&mut search, patience);
                    Box::pin(self.race(request, chosen, with, settlement)).await
                }
                None => {
                    let tried = self.attempt(request, &chosen, settlement).await;
                    (chosen, tried)
                }
            };
            let fault = match tried {
                Ok(reached) => {
                    self.remember(request, group, (ties, &reached), &chosen.place.id);
                    return Ok((reached, chosen.line));
                }
                Err(fault) => fault,
            };
            search.failed(&chosen, &fault);
            if !fault.may_move() || !self.may_move_on(settlement) {
                return Err(fault);
            }
            let others = search.has_others();
            let falls_back =
                !request.controls.disable_fallbacks && !self.fallbacks(group, &fault).is_empty();
            settlement.trail().max_retries = policy.retries(&fault).unwrap_or(allowed);
            let next = router::next(&fault, policy, (done, allowed), others, falls_back);
            if (next == Next::Stop || !others) && search.next_order() {
                // Counted as a fallback, as in LiteLLM.
                settlement.trail().moves += 1;
                settlement.trail().fallbacks += 1;
                (settlement.trail().retries, done) = (0, 0);
            } else {
                match next {
                    Next::Stop => return Err(fault),
                    Next::Any if !others => {
                        let least = self.router.retry_after;
                        let wait = backoff::wait(&fault, done, least);
                        tokio::time::sleep(wait).await;
                        search.again(wait);
                    }
                    Next::Any | Next::Another => {}
                }
                done += 1;
                settlement.trail().moves += 1;
                settlement.trail().retries += 1;
            }
            // The last failure is told with the call itself.
            tracing::warn!(
                call.id = %request.id, deployment.id = %chosen.place.id,
                provider = %chosen.line.deployment.provider, attempt = done, fault = %fault,
                "attempt failed; trying again"
            );
            failed = Some(fault);
        }
    }

    /// Whether the whole call may have one more retry or fallback (`num_retries_per_request`).
    fn may_move_on(&self, settlement: &mut Settlement) -> bool {
        let most = self.router.most_moves;
        most.is_none_or(|most| settlement.trail().moves < most)
    }

    /// How often a call may be tried again, where no policy says it.
    fn retries(&self, request: &ClientRequest, chosen: &Chosen) -> u32 {
        let own = chosen.line.deployment.num_retries;
        let asked = request.controls.num_retries.or(own);
        let all = self.router.num_retries;
        asked.or(all).unwrap_or(defaults::NUM_RETRIES)
    }

    fn ties(&self, request: &ClientRequest, group: &str) -> Vec<Tie> {
        let affinities = self.fleet.config.router.affinities(group);
        ties::of(request, &self.key, self.session.as_deref(), affinities)
    }

    fn remember(
        &self,
        request: &ClientRequest,
        group: &str,
        (mut ties, reached): (Vec<Tie>, &Reached),
        id: &DeploymentId,
    ) {
        ties.extend(ties::of_answer(request, reached));
        if !ties.is_empty() {
            self.inner.affinity.load().remember(group, &ties, id);
        }
    }
}
