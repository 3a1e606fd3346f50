//! What a guest may ask of WASI and never gets: variables of the environment, files, sockets. Each
//! asking is counted, and the first of each kind stands in the log.
//!
//! Toolchains import these interfaces whether or not the code needs them, so they are linked; what
//! leads somewhere in them is answered here, with nothing.

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::cli::environment;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, Network, SocketError, SocketResult, TcpSocket, UdpSocket};
use wasmtime_wasi::sockets::WasiSocketsView;

use crate::store::State;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    Environment,
    Files,
    Sockets,
}

impl Asked {
    /// For the log: what the guest did, and what came of it.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Environment => {
                "the plugin asked for the environment: it got none of the gateway's variables"
            }
            Self::Files => "the plugin asked for files: it got no directory to look in",
            Self::Sockets => "the plugin asked for a socket: it got none",
        }
    }
}

/// All of WASI, with these interfaces in place of those that would lead somewhere.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    environment::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    preopens::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tcp_create_socket::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    udp_create_socket::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    ip_name_lookup::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl environment::Host for State {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.asked(Asked::Environment);
        Ok(Vec::new())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.asked(Asked::Files);
        Ok(Vec::new())
    }
}

impl State {
    fn no_socket<T>(&mut self) -> SocketResult<T> {
        self.asked(Asked::Sockets);
        Err(ErrorCode::AccessDenied.into())
    }
}

impl tcp_create_socket::Host for State {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.no_socket()
    }
}

impl udp_create_socket::Host for State {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.no_socket()
    }
}

impl ip_name_lookup::Host for State {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        _: String,
    ) -> SocketResult<Resource<ip_name_lookup::ResolveAddressStream>> {
        self.no_socket()
    }
}

/// Of a stream of addresses, which no guest has.
impl ip_name_lookup::HostResolveAddressStream for State {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> SocketResult<Option<IpAddress>> {
        self.sockets().resolve_next_address(stream)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        ip_name_lookup::HostResolveAddressStream::subscribe(&mut self.sockets(), stream)
    }

    fn drop(
        &mut self,
        stream: Resource<ip_name_lookup::ResolveAddressStream>,
    ) -> wasmtime::Result<()> {
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.sockets(), stream)
    }
}

impl network::HostNetwork for State {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.sockets(), network)
    }
}

/// How a refusal is handed to the guest.
impl network::Host for State {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.sockets(), error)
    }
}
