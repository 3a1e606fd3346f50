//! Which calls are traced: `OTEL_TRACES_SAMPLER` and its argument.

use super::context::Parent;

/// Which calls are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// The client's word counts where it has one.
    by_parent: bool,
    own: Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Always,
    Never,
    /// Traces whose lower 63 bits are below it.
    Below(u64),
}

impl Sampler {
    /// Reads the variables.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(name: &str, argument: Option<&str>) -> Result<Self, String> {
        let (by_parent, own) = match name.strip_prefix("parentbased_") {
            Some(own) => (true, own),
            None => (false, name),
        };
        let own = match own {
            "always_on" => Own::Always,
            "always_off" => Own::Never,
            "traceidratio" => {
                let text = argument.unwrap_or("1");
                let ratio = text.trim().parse::<f64>().ok();
                let ratio = ratio.filter(|it| (0.0..=1.0).contains(it));
                let ratio = ratio.ok_or_else(|| {
                    format!("OTEL_TRACES_SAMPLER_ARG: `{text}` is no share from 0 to 1")
                })?;
                match ratio {
                    1.0 => Own::Always,
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_precision_loss,
                        clippy::cast_sign_loss,
                        reason = "a share of all ids"
                    )]
                    ratio => Own::Below((ratio * (1_u64 << 63) as f64) as u64),
                }
            }
            _ => {
                return Err(format!(
                    "OTEL_TRACES_SAMPLER: `{name}` is none of always_on, always_off, traceidratio, \
                     nor one of these after `parentbased_`"
                ));
            }
        };
        Ok(Self { by_parent, own })
    }

    /// Whether a call is traced that a client of this trace makes; `trace` is its trace.
    pub fn samples(&self, parent: Option<Parent>, trace: u128) -> bool {
        if let Some(parent) = parent.filter(|_| self.by_parent) {
            return parent.sampled;
        }
        match self.own {
            Own::Always => true,
            Own::Never => false,
            Own::Below(end) => {
                let low = trace & u128::from(u64::MAX >> 1);
                low < u128::from(end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::fresh_trace;
    use super::*;

    const ASKED: Option<Parent> = Some(Parent {
        trace: 1,
        span: 1,
        sampled: true,
    });

    #[test]
    fn a_client_decides_only_where_it_may() {
        let not = ASKED.map(|it| Parent {
            sampled: false,
            ..it
        });
        let read = |name: &str| Sampler::read(name, None).unwrap();
        assert!(read("parentbased_always_off").samples(ASKED, 1));
        assert!(!read("parentbased_always_off").samples(None, 1));
        assert!(!read("parentbased_always_on").samples(not, 1));
        assert!(read("always_on").samples(not, 1));
        assert!(!read("always_off").samples(ASKED, 1));
    }

    #[test]
    fn a_ratio_takes_about_its_share_and_the_same_trace_always_alike() {
        let sampler = Sampler::read("traceidratio", Some("0.25")).unwrap();
        let traces: Vec<u128> = (0..8000).map(|_| fresh_trace()).collect();
        let taken = traces
            .iter()
            .filter(|it| sampler.samples(None, **it))
            .count();
        assert!((1600..2400).contains(&taken), "{taken}");
        let again = traces
            .iter()
            .filter(|it| sampler.samples(ASKED, **it))
            .count();
        assert_eq!(taken, again);
        let none = Sampler::read("traceidratio", Some("0")).unwrap();
        assert!(traces.iter().all(|it| !none.samples(None, *it)));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (name, argument) in [
            ("sometimes", None),
            ("traceidratio", Some("2")),
            ("traceidratio", Some("half")),
            ("parentbased_jaeger_remote", None),
        ] {
            let why = Sampler::read(name, argument).unwrap_err();
            assert!(why.starts_with("OTEL_TRACES_SAMPLER"), "{why}");
        }
    }
}
