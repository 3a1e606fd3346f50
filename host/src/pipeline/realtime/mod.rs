//! Sessions: a client and an upstream talk in events over two sockets, and the gateway between them
//! passes each event on. It reads what a session uses, charges it while it goes on, and ends the
//! session when a payer's budget is used up.

mod dial;
mod ending;
mod event;
mod guess;
mod relay;
mod tally;

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounting::Source;
use super::answer::{Failure, Trail};
use super::course::{self, Course};
use super::guards;
use super::reached::Reached;
use super::request::ClientRequest;
use super::run::Pipeline;
use super::settle::Settlement;
use super::stream::FaultWriter;
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault, Retry};
use crate::plugins::Outcome;
pub use crate::upstream::{Broken, Farewell, Message, Socket};

pub use dial::Live;
pub use ending::Parting;
use event::Names;
use tally::Tally;

/// When sessions end with the gateway.
#[derive(Debug, Clone, Default)]
pub struct Stopping {
    /// Those in which no answer is under way.
    pub soon: CancellationToken,
    /// All of them.
    pub now: CancellationToken,
}

/// A session that an upstream has opened, and that waits for its client. Dropping it ends it.
pub struct Opened {
    live: Live,
    session: Session,
    pub trail: Trail,
}

/// What a session is accounted by.
struct Session {
    settlement: Box<Settlement>,
    tally: Mutex<Tally>,
    names: Names,
    times: Times,
    write_fault: FaultWriter,
    status_of: fn(&Fault) -> u16,
}

/// How long a session may last, and how long it may be without events.
#[derive(Debug, Clone, Copy)]
struct Times {
    ends: Instant,
    idle: Duration,
}

impl Pipeline {
    /// Opens a session for a caller who may ask for its model. Other deployments are asked until one
    /// has opened it, and not after that.
    ///
    /// # Errors
    /// It is not admitted, or no deployment opens it.
    pub async fn open_session(
        &self,
        caller: &Caller,
        request: ClientRequest,
        source: Source,
    ) -> Result<Opened, Failure> {
        let fleet = self.fleet();
        let session = source.session_id.clone();
        let user_agent = source.user_agent.clone();
        let more = guards::of_model(&fleet, &request.controls.model);
        let guarded = match self.guarded(&fleet, (caller, &request), more) {
            Ok(guarded) => guarded,
            Err(fault) => return Err(self.refuse(fault, &request)),
        };
        let mut settlement = self.admit(caller, (&fleet, &request), source).await?;
        if let Some(mut guarded) = guarded {
            settlement.is_guarded(&guarded, &request);
            // Nobody looks at the events of a session, whichever way they go.
            if let Err(fault) = guarded.unseen("the events of a session cannot be looked at") {
                return Err(self.fail(fault, settlement));
            }
        }
        let own = fleet.own_routing(caller);
        let router = own.as_ref().map(|it| &it.settings);
        let router = router.unwrap_or(&fleet.config.router);
        let tags = course::tags(router, &request.controls.tags, caller);
        let routed = (&*fleet, router);
        let agent = course::agent(router, user_agent.as_deref());
        let chooses = (session, tags, agent);
        let course = Course::new(self.inner(), routed, &request, caller, chooses);
        let began = Instant::now();
        let reached = course.run(&mut settlement).await;
        settlement.reached(began.elapsed());
        settlement.remember_choices();
        let (live, line) = match reached {
            Ok((Reached::Live(live), line)) => (live, line),
            Ok((_, line)) => {
                let provider = &line.provider.name;
                let message = format!("provider `{provider}` opened no session");
                let fault = Fault::upstream(ErrorKind::Unsupported, message);
                return Err(self.fail(fault.with_retry(Retry::Never), settlement));
            }
            Err(fault) => return Err(self.fail(fault, settlement)),
        };
        self.plugins()
            .report(&line.provider.generation, Outcome::Fine);
        if let Some((permit, _)) = settlement.open_permit() {
            permit.opened();
        }
        settlement.began();
        let trail = settlement.trail().clone();
        let settings = &fleet.config.general.realtime;
        let session = Session {
            settlement,
            tally: Mutex::default(),
            names: Names {
                asked: request.controls.asked.clone(),
                group: request.controls.model.clone(),
                upstream: trail.upstream_model.clone().unwrap_or_default(),
            },
            times: Times {
                ends: Instant::now() + settings.longest,
                idle: settings.idle,
            },
            write_fault: self.inner().write_fault,
            status_of: self.inner().status_of,
        };
        Ok(Opened {
            live,
            session,
            trail,
        })
    }
}
