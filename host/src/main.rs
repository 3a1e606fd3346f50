//! The `sluice` binary.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use sluice::cli::report::Report;
use sluice::cli::{self, Cli, Command};
use sluice::{author, compile, doctor, init, serve, upkeep};

/// How long tasks that are still under way are waited for at the end.
const LAST_TASKS: Duration = Duration::from_secs(1);

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    refuse_huge_pages();
    let command = Cli::of_process();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&format!("the runtime could not be started: {cause}")),
    };
    match command {
        Command::Serve(options) => {
            let served = runtime.block_on(serve::serve(options));
            // A start that was given up may still wait for a file.
            runtime.shutdown_timeout(LAST_TASKS);
            match served {
                Ok(()) => ExitCode::SUCCESS,
                Err(cause) => fail(&cause.to_string()),
            }
        }
        Command::Check(options) => {
            match runtime.block_on(serve::check(options.config.as_deref())) {
                Ok((remarks, more)) => {
                    let wrong = cli::print_check(&mut std::io::stdout().lock(), &remarks, &more);
                    if wrong.unwrap_or(true) {
                        ExitCode::FAILURE
                    } else {
                        ExitCode::SUCCESS
                    }
                }
                Err(cause) => fail(&cause.to_string()),
            }
        }
        Command::Backup(options) => told(runtime.block_on(upkeep::backup(&options))),
        Command::Restore(options) => told(runtime.block_on(upkeep::restore(&options))),
        Command::RotateSalt(options) => told(runtime.block_on(upkeep::rotate_salt(&options))),
        Command::Migrate(options) => told(runtime.block_on(upkeep::migrate(&options))),
        Command::Plugin(options) => match runtime.block_on(author::run(&options.task)) {
            Ok(report) => {
                let code = told(Ok::<_, author::AuthorError>(report.text));
                if report.is_good {
                    code
                } else {
                    ExitCode::FAILURE
                }
            }
            Err(cause) => fail(&cause.to_string()),
        },
        Command::Init(options) => told(runtime.block_on(init::init(&options))),
        Command::Doctor(options) => judged(Ok::<_, serve::ServeError>(
            runtime.block_on(doctor::doctor(&options)),
        )),
        Command::Compile(options) => judged(runtime.block_on(compile::compile(&options))),
        Command::Completions(options) => {
            options.write(&mut std::io::stdout().lock());
            ExitCode::SUCCESS
        }
        Command::ExportPlugins(options) => match serve::export_plugins(&options.folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => fail(&format!("{}: {cause}", options.folder.display())),
        },
    }
}

/// Huge pages keep the allocator's memory resident in steps of 2 MiB: 20 MiB of an idle gateway.
/// Where the kernel refuses, nothing but memory is lost.
#[cfg(target_os = "linux")]
fn refuse_huge_pages() {
    let _ = nix::sys::prctl::set_thp_disable(true);
}

#[expect(clippy::print_stdout, reason = "what a command did is its output")]
fn told(done: Result<String, impl Display>) -> ExitCode {
    match done {
        Ok(what) => {
            println!("{what}");
            ExitCode::SUCCESS
        }
        Err(cause) => fail(&cause.to_string()),
    }
}

/// A table, whose command fails if anything in it is wrong.
fn judged(done: Result<Report, impl Display>) -> ExitCode {
    let is_good = done.as_ref().is_ok_and(Report::is_good);
    let code = told(done.map(|report| report.render()));
    if is_good { code } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "the log may not be there yet")]
fn fail(message: &str) -> ExitCode {
    eprintln!("sluice: {message}");
    ExitCode::FAILURE
}
